"""What dry run and commit need, and what must hold of what they make."""

from pydantic import Field

from brewslm.core.artifacts.base import DatasetId, MappingId, SchemaId, SnapshotId
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.mapping import EditedRow, MappingChoices, MappingPreview
from brewslm.core.artifacts.schema import Schema
from brewslm.core.context import StageContext
from brewslm.core.contract import After, Before, Contract
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.mapping.rivalry import problem_of_shape
from brewslm.core.value import Value

MAX_EDITED_ROWS = 5_000
MAX_EDITED_CHARACTERS = 4_000_000
"""More is no mending by hand: the source wants to be corrected and imported again."""


class MapDryRunInputs(MappingChoices):
    """A snapshot, its schema, and what the user decides where the schema is not certain."""

    snapshot_id: SnapshotId
    schema_id: SchemaId


class MapCommitInputs(Value):
    """A preview, and the snapshot that it was made of."""

    mapping_id: MappingId
    snapshot_id: SnapshotId
    plan_hash: str | None = None
    """The hash that the dry run showed, where the user wants to be sure."""
    min_coverage: float = Field(0.95, ge=0.0, le=1.0)
    """Gate A: the share of rows that must become examples."""
    repaired_from: DatasetId | None = None
    """The dataset version of which rejected rows are run again; only `edits` are."""
    edits: tuple[EditedRow, ...] = Field((), max_length=MAX_EDITED_ROWS)
    """Rejected rows of that version with the records that the user wrote in their place."""


def _is_decided(inputs: MapDryRunInputs, context: StageContext) -> Finding | None:
    schema = context.shelf.read(Schema, inputs.schema_id)
    shape = inputs.shape
    if shape is None:
        problem = "" if schema.chosen is not None else schema.problem
    else:
        problem = "" if inputs.names_columns else problem_of_shape(schema.hypotheses, shape)
    if not problem:
        return None
    return Finding(
        check="decided_shape",
        level="block",
        seen=problem,
        next_step="" if "Choose" in problem else "Choose a shape with `--as SHAPE`.",
        reason=Reason.INTROSPECTION_AMBIGUOUS,
    )


def _is_of_snapshot(inputs: MapDryRunInputs, context: StageContext) -> Finding | None:
    schema = context.shelf.read(Schema, inputs.schema_id)
    if schema.snapshot_id == inputs.snapshot_id:
        return None
    return Finding(
        check="same_snapshot",
        level="block",
        seen=f"The schema is of {schema.snapshot_id}, not of {inputs.snapshot_id}.",
        next_step="Introspect the snapshot again.",
        reason=Reason.MAPPING_SOURCE_CHANGED,
    )


def _covers(inputs: MapCommitInputs, context: StageContext) -> Finding | None:
    preview = context.shelf.read(MappingPreview, inputs.mapping_id)
    tally = preview.tally
    if tally.coverage >= inputs.min_coverage and tally.coverage > 0.0:
        return None
    top = sorted(preview.rejections.items(), key=lambda pair: -pair[1])[:3]
    told = "; ".join(f"{count:,} x {reason}{_first_place(preview, reason)}" for reason, count in top)
    return Finding(
        check="mapping_coverage",
        level="block",
        seen=(
            f"{tally.accepted + tally.repaired:,} of {tally.total:,} rows ({tally.coverage:.1%}) become examples, "
            f"{inputs.min_coverage:.0%} are needed: {told}."
        ),
        next_step="Mend these rows, or choose another shape or columns.",
        reason=Reason.MAPPING_COVERAGE,
    )


def _first_place(preview: MappingPreview, reason: str) -> str:
    first = next((rejection for rejection in preview.rejected_sample if rejection.reason == reason), None)
    return f" (line {first.line}: {first.detail})" if first is not None else ""


def _has_rows(preview: MappingPreview, context: StageContext) -> Finding | None:
    del context
    if preview.tally.coverage > 0.0:
        return None
    return Finding(check="some_examples", level="warn", seen="Not one row becomes an example by this mapping.")


def _holds_all(dataset: Dataset, context: StageContext) -> Finding | None:
    del context
    num_due = dataset.tally.accepted + dataset.tally.repaired
    if dataset.num_examples == num_due:
        return None
    return Finding(
        check="whole_dataset",
        level="block",
        seen=f"{dataset.num_examples:,} examples were written where {num_due:,} are due.",
        reason=Reason.SYSTEM_INTERNAL,
    )


DRY_RUN_CONTRACT: Contract[MapDryRunInputs, MappingPreview] = Contract(
    before=(
        Before("same_snapshot", "The schema was made of this snapshot.", _is_of_snapshot),
        Before("decided_shape", "Introspection was certain, or the user chose a shape.", _is_decided),
    ),
    after=(After("some_examples", "At least one row becomes an example.", _has_rows),),
)

COMMIT_CONTRACT: Contract[MapCommitInputs, Dataset] = Contract(
    before=(Before("mapping_coverage", "Enough rows become examples: 95 %, unless the user says otherwise.", _covers),),
    after=(After("whole_dataset", "Every accepted or repaired row is in the dataset.", _holds_all),),
)
