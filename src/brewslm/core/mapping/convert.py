"""The one function that turns a record into an example: introspection scores with it, dry run and commit map by it."""

from typing import Any, assert_never

from brewslm.core.artifacts.dataset import RejectionReason
from brewslm.core.artifacts.mapping import MappingPlan
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.data.example import Shape
from brewslm.core.mapping.chat import convert_chat
from brewslm.core.mapping.outcome import Outcome, Refused, SourceRow
from brewslm.core.mapping.pairs import convert_labelled, convert_pair
from brewslm.core.mapping.text import required
from brewslm.core.value import sha256_of

REQUIRED_ROLES: dict[Shape, tuple[str, ...]] = {
    "chat": ("messages",),
    "instruction": ("prompt", "completion"),
    "prompt_completion": ("prompt", "completion"),
    "qa": ("prompt", "completion"),
    "classification": ("text", "label"),
}
"""Columns without which a shape cannot be mapped."""


def convert(row: SourceRow, shape: Shape, columns: ColumnMap) -> Outcome:
    """Convert one row of a snapshot.

    Raises:
        ValueError: `columns` lacks a column that `shape` needs.
    """
    if row.record is None:
        return Refused(RejectionReason.MALFORMED_RECORD, row.problem)
    match shape:
        case "chat":
            return convert_chat(row.record, columns, row=row.row)
        case "classification":
            return convert_labelled(row.record, columns, row=row.row)
        case "instruction" | "prompt_completion" | "qa":
            return convert_pair(row.record, shape, columns, row=row.row)
    assert_never(shape)


def plan_hash_of(plan: MappingPlan) -> str:
    """Return the SHA-256 of a plan, 64 hex digits."""
    return sha256_of(plan.model_dump(mode="json"))


def label_of(record: dict[str, Any], column: str) -> str | None:
    """Return the label that a record would be given, None where it would be refused."""
    found = required(record, column, when_blank=RejectionReason.EMPTY_COMPLETION)
    return None if isinstance(found, Refused) else found.text
