"""What introspection needs, and what must hold of its schema."""

from pydantic import Field

from brewslm.core.artifacts.base import SnapshotId
from brewslm.core.artifacts.schema import Schema
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.context import StageContext
from brewslm.core.contract import After, Before, Contract
from brewslm.core.data.example import Shape
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.value import Value


class IntrospectInputs(Value):
    """A snapshot, and how to look at it."""

    snapshot_id: SnapshotId
    sample_size: int = Field(200, ge=1, le=100_000)
    """Rows that are looked at, spread over the whole snapshot."""
    as_shape: Shape | None = None
    """The user's word on the shape: it is chosen if it converts any row."""
    asks_model: bool = False
    """Whether the model that is set as adviser is asked; it is sent the columns' names and five cut rows."""


def _is_readable(inputs: IntrospectInputs, context: StageContext) -> Finding | None:
    snapshot = context.shelf.read(Snapshot, inputs.snapshot_id)
    if snapshot.num_malformed < snapshot.num_rows:
        return None
    return Finding(
        check="readable_rows",
        level="block",
        seen=f"None of the {snapshot.num_rows:,} records of {snapshot.locator!r} can be read.",
        next_step="Repair the file, then import it again.",
        reason=Reason.INGESTION_MALFORMED,
    )


def _is_certain(schema: Schema, context: StageContext) -> Finding | None:
    del context
    if schema.chosen is not None:
        return None
    return Finding(check="certain_shape", level="warn", seen=schema.problem)


def _do_plugins_work(schema: Schema, context: StageContext) -> Finding | None:
    del context
    if not schema.mapper_problems:
        return None
    return Finding(check="working_mappers", level="warn", seen="; ".join(schema.mapper_problems) + ".")


CONTRACT: Contract[IntrospectInputs, Schema] = Contract(
    before=(Before("readable_rows", "At least one record of the snapshot can be read.", _is_readable),),
    after=(
        After("certain_shape", "One reading is certain enough to be chosen without asking.", _is_certain),
        After("working_mappers", "Every mapper that is installed as a plugin works.", _do_plugins_work),
    ),
)
