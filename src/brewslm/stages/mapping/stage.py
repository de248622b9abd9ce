"""Stages 03 and 04: try a mapping without writing a dataset, then commit exactly what was shown."""

from collections.abc import Callable

from brewslm.core.artifacts.base import Tally
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.mapping import MappingPreview
from brewslm.core.artifacts.schema import Schema
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.context import StageContext
from brewslm.core.errors import CancelledError
from brewslm.core.events.base import Draft
from brewslm.core.events.data import Mapping
from brewslm.core.events.reasons import Reason
from brewslm.core.mapping.convert import plan_hash_of
from brewslm.core.mapping.outcome import parsed
from brewslm.core.stage import Stage
from brewslm.stages.mapping.accounting import Sample, map_rows
from brewslm.stages.mapping.change import refuse_if_changed, refuse_other_counts
from brewslm.stages.mapping.contract import COMMIT_CONTRACT, DRY_RUN_CONTRACT, MapCommitInputs, MapDryRunInputs
from brewslm.stages.mapping.files import DatasetFiles
from brewslm.stages.mapping.plan import plan_of
from brewslm.stages.mapping.repair import repair
from brewslm.stages.mapping.rows import read_rows, rows_path

NUM_EXAMPLES = 5
NUM_REJECTIONS = 20
RAW_CHARACTERS = 1000
"""What a preview keeps to show."""


def preview(inputs: MapDryRunInputs, context: StageContext) -> MappingPreview:
    """Settle the plan, map every row by it, and keep the counts and a few of both outcomes.

    Raises:
        MappingAmbiguousError: no shape is certain, and the user named none.
        InvalidRequestError: the user's columns do not fit the shape or the data.
    """
    snapshot = context.shelf.read(Snapshot, inputs.snapshot_id)
    schema = context.shelf.read(Schema, inputs.schema_id)
    path = rows_path(snapshot, context.shelf)
    plan = plan_of(inputs, schema, lambda: map(parsed, read_rows(path, context.tables)))
    sample = Sample(num_examples=NUM_EXAMPLES, num_rejections=NUM_REJECTIONS, raw_characters=RAW_CHARACTERS)
    accounts = map_rows(
        read_rows(path, context.tables), plan, sample, mappers=context.mappers, at_row=_progress(snapshot, context)
    )
    return MappingPreview(
        plan=plan,
        plan_hash=plan_hash_of(plan),
        tally=accounts.tally,
        rejections=accounts.rejections,
        repairs=accounts.repairs,
        sample=tuple(sample.examples),
        rejected_sample=tuple(sample.rejections),
    )


def commit(inputs: MapCommitInputs, context: StageContext) -> Dataset:
    """Map every row again by the plan of the preview, write the dataset, and compare the counts.

    Raises:
        MappingSourceChangedError: plan, snapshot or counts are not those of the preview.
    """
    preview = context.shelf.read(MappingPreview, inputs.mapping_id)
    snapshot = context.shelf.read(Snapshot, preview.plan.snapshot_id)
    refuse_if_changed(inputs, preview, snapshot, context.shelf)
    if inputs.repaired_from is not None:
        return repair(inputs, preview, snapshot, context)
    rows = read_rows(rows_path(snapshot, context.shelf), context.tables)
    draft = context.shelf.draft()
    with DatasetFiles(draft, context.tables) as files:
        accounts = map_rows(rows, preview.plan, files, mappers=context.mappers, at_row=_progress(snapshot, context))
    refuse_other_counts(preview, accounts)
    return Dataset(
        files=context.shelf.publish(draft, room="datasets"),
        snapshot_id=preview.plan.snapshot_id,
        shape=preview.plan.shape,
        plan_hash=preview.plan_hash,
        tally=accounts.tally,
        rejections=accounts.rejections,
        repairs=accounts.repairs,
        num_examples=files.num_examples,
        removed={},
        labels=preview.plan.columns.labels,
    )


def report_preview(preview: MappingPreview) -> Draft:
    """The event of a dry run."""
    payload = Mapping(
        artifact_id=preview.id,
        shape=preview.plan.shape,
        plan_hash=preview.plan_hash,
        tally=preview.tally,
        rejections=preview.rejections,
        repairs=preview.repairs,
    )
    return Draft(
        Reason.MAPPING_PREVIEW, f"{_a(preview.plan.shape)} mapping was tried: {_told(preview.tally)}.", payload
    )


def report_commit(dataset: Dataset) -> Draft:
    """The event of a commit."""
    if dataset.repaired_from is not None:
        summary = f"Mended rows of {_a(dataset.shape).lower()} dataset were run again: {_told(dataset.tally)}."
    else:
        summary = f"{_a(dataset.shape)} dataset was written: {_told(dataset.tally)}."
    payload = Mapping(
        artifact_id=dataset.id,
        shape=dataset.shape,
        plan_hash=dataset.plan_hash,
        tally=dataset.tally,
        rejections=dataset.rejections,
        repairs=dataset.repairs,
    )
    return Draft(Reason.MAPPING, summary, payload)


def _a(shape: str) -> str:
    return f"{'An' if shape[0] in 'aeiou' else 'A'} {shape}"


def _told(tally: Tally) -> str:
    return (
        f"{tally.total:,} rows, {tally.accepted:,} accepted, {tally.repaired:,} repaired, {tally.rejected:,} rejected"
    )


def _progress(snapshot: Snapshot, context: StageContext) -> Callable[[int], None]:
    def at_row(done: int) -> None:
        if context.is_cancelled():
            raise CancelledError(f"Mapping was cancelled after {done:,} of {snapshot.num_rows:,} rows.")
        context.progress(done / snapshot.num_rows, f"{done:,} of {snapshot.num_rows:,} rows")

    return at_row


MAP_DRY_RUN: Stage[MapDryRunInputs, MappingPreview] = Stage(
    name="map_dry_run",
    title="Map (dry run)",
    inputs=MapDryRunInputs,
    output=MappingPreview,
    consumes=("snapshot", "schema"),
    contract=DRY_RUN_CONTRACT,
    run=preview,
    report=report_preview,
)

MAP_COMMIT: Stage[MapCommitInputs, Dataset] = Stage(
    name="map_commit",
    title="Map (commit)",
    inputs=MapCommitInputs,
    output=Dataset,
    consumes=("mapping", "snapshot"),
    contract=COMMIT_CONTRACT,
    run=commit,
    report=report_commit,
)
