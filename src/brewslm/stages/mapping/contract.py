"""What dry run and commit need, and what must hold of what they make."""

from pydantic import Field

from brewslm.core.artifacts.base import MappingId, SchemaId, SnapshotId
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.mapping import MappingPreview
from brewslm.core.artifacts.schema import ColumnMap, Schema
from brewslm.core.context import StageContext
from brewslm.core.contract import After, Before, Contract
from brewslm.core.data.example import Shape
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.value import Value


class MapDryRunInputs(Value):
    """A snapshot, its schema, and what the user decides where the schema is not certain."""

    snapshot_id: SnapshotId
    schema_id: SchemaId
    as_shape: Shape | None = None
    """The user's word on the shape."""
    columns: ColumnMap | None = None
    """The user's own column map; it needs a shape."""


class MapCommitInputs(Value):
    """A preview, and the snapshot that it was made of."""

    mapping_id: MappingId
    snapshot_id: SnapshotId
    plan_hash: str | None = None
    """The hash that the dry run showed, where the user wants to be sure."""
    min_coverage: float = Field(0.95, ge=0.0, le=1.0)
    """Gate A: the share of rows that must become examples."""


def _is_decided(inputs: MapDryRunInputs, context: StageContext) -> Finding | None:
    schema = context.shelf.read(Schema, inputs.schema_id)
    if inputs.as_shape is not None or schema.chosen is not None:
        return None
    return Finding(
        check="decided_shape",
        level="block",
        seen=schema.problem,
        next_step="" if "Choose" in schema.problem else "Choose a shape with `--as SHAPE`.",
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
