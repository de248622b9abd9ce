"""Stage 02: look at a sample, propose readings, and choose one where it is certain. It writes no data."""

from functools import cache

from brewslm.core.artifacts.schema import Schema
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.context import StageContext
from brewslm.core.events.base import Draft
from brewslm.core.events.data import Introspection
from brewslm.core.events.failure import Failure
from brewslm.core.events.reasons import Reason
from brewslm.core.stage import Stage
from brewslm.stages.introspect.advice import advised
from brewslm.stages.introspect.candidates import propose
from brewslm.stages.introspect.contract import CONTRACT, IntrospectInputs
from brewslm.stages.introspect.judge import choose, rank, score
from brewslm.stages.introspect.plugins import judge_plugins
from brewslm.stages.introspect.profile import profile_columns
from brewslm.stages.introspect.sample import sample_rows, vocabulary_of


def run(inputs: IntrospectInputs, context: StageContext) -> Schema:
    """Profile the columns of a spread sample, score every candidate on it, and rank."""
    snapshot = context.shelf.read(Snapshot, inputs.snapshot_id)
    path = context.shelf.path(next(file.path for file in snapshot.files if file.path.endswith("/rows.parquet")))
    rows = sample_rows(path, context.tables, snapshot.num_rows, inputs.sample_size)
    context.progress(0.3, f"{len(rows)} rows sampled")
    profiles = profile_columns(rows, snapshot.columns)
    vocabulary = cache(lambda column: vocabulary_of(path, context.tables, column))
    candidates = list(propose(rows, profiles, vocabulary, source_format=snapshot.format))
    if inputs.asks_model:
        candidates.append(advised(context.advisor, profiles, rows))
    context.progress(0.8, f"{len(candidates)} readings to try")
    likely = sorted(candidates, key=lambda candidate: -candidate.evidence)
    foreign, problems = judge_plugins(rows, context.mappers)
    hypotheses = rank([*foreign, *(score(candidate, rows) for candidate in likely)])
    choice = choose(hypotheses, profiles, inputs.as_shape)
    return Schema(
        snapshot_id=inputs.snapshot_id,
        num_sampled=len(rows),
        columns=profiles,
        hypotheses=hypotheses,
        chosen=choice.shape,
        problem=choice.problem,
        mapper_problems=problems,
    )


def report(schema: Schema) -> Draft:
    """The event: the shape that was recognised, or that none is certain."""
    if schema.chosen is None:
        return Draft(Reason.INTROSPECTION_AMBIGUOUS, "No reading is certain.", Failure(error=schema.problem))
    confidence: dict[str, float] = {}
    for hypothesis in schema.hypotheses:
        confidence.setdefault(hypothesis.shape, hypothesis.confidence)
    summary = f"The data was recognised as {schema.chosen} ({confidence[schema.chosen]:.2f})."
    payload = Introspection(schema_id=schema.id, chosen=schema.chosen, confidence=confidence)
    return Draft(Reason.INTROSPECTION, summary, payload)


INTROSPECT: Stage[IntrospectInputs, Schema] = Stage(
    name="introspect",
    title="Introspect",
    inputs=IntrospectInputs,
    output=Schema,
    consumes=("snapshot",),
    contract=CONTRACT,
    run=run,
    report=report,
)
