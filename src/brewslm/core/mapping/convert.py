"""The one function that turns a record into an example: introspection scores with it, dry run and commit map by it."""

from collections.abc import Callable, Sequence
from typing import Any

from brewslm.core.artifacts.dataset import RejectionReason
from brewslm.core.artifacts.mapping import MappingPlan
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.artifacts.transforms import Transform
from brewslm.core.data.example import Shape
from brewslm.core.mapping.build import Frame
from brewslm.core.mapping.metadata import metadata_of
from brewslm.core.mapping.outcome import Outcome, Refused, SourceRow
from brewslm.core.mapping.paths import value_at
from brewslm.core.mapping.shapes.chat import convert_chat
from brewslm.core.mapping.shapes.extraction import convert_extraction
from brewslm.core.mapping.shapes.pairs import convert_feedback, convert_labelled, convert_pair
from brewslm.core.mapping.shapes.passages import convert_passage
from brewslm.core.mapping.shapes.preference import convert_preference
from brewslm.core.mapping.text import label_text
from brewslm.core.mapping.transform import columns_read, transformed
from brewslm.core.value import canonical_json, sha256_of

_Convert = Callable[[dict[str, Any], ColumnMap, Frame], Outcome]

CONVERTERS: dict[Shape, _Convert] = {
    "chat": convert_chat,
    "instruction": convert_pair,
    "prompt_completion": convert_pair,
    "qa": convert_pair,
    "classification": convert_labelled,
    "preference": convert_preference,
    "binary_feedback": convert_feedback,
    "extraction": convert_extraction,
    "summarisation": convert_pair,
    "translation": convert_pair,
    "plain_text": convert_passage,
    "documents": convert_passage,
}
"""What converts each shape."""

REQUIRED_ROLES: dict[Shape, tuple[tuple[str, ...], ...]] = {
    "chat": (("messages",),),
    "instruction": (("prompt", "completion"),),
    "prompt_completion": (("prompt", "completion"),),
    "qa": (("prompt", "completion"),),
    "classification": (("text", "label"),),
    "preference": (("chosen", "rejected"),),
    "binary_feedback": (("prompt", "completion", "label"),),
    "extraction": (("text", "target"), ("text", "spans"), ("tokens", "tags")),
    "summarisation": (("prompt", "completion"),),
    "translation": (("prompt", "completion"),),
    "plain_text": (("text",),),
    "documents": (("text",),),
}
"""Columns without which a shape cannot be mapped; one of the sets must be whole."""

COLUMN_ROLES = (
    *("messages", "system", "tools", "prompt", "context", "completion", "text", "label", "chosen", "rejected"),
    *("target", "spans", "tokens", "tags", "row_id"),
)
"""The fields of a column map that name a column."""


def converter(
    shape: Shape,
    columns: ColumnMap,
    transforms: Sequence[Transform] = (),
    *,
    max_characters: int | None = None,
) -> Callable[[SourceRow], Outcome]:
    """Settle once what is the same for all rows, and return what converts one.

    Raises:
        ValueError: `columns` lacks a column that `shape` needs (raised by the first row).
    """
    into = CONVERTERS[shape]
    used = used_keys(columns, transforms)

    def convert_row(row: SourceRow) -> Outcome:
        record = row.record
        if record is None:
            return Refused(RejectionReason.MALFORMED_RECORD, row.problem)
        metadata = metadata_of(record, used, row.split)
        if transforms:
            made = transformed(record, transforms)
            if isinstance(made, Refused):
                return made
            record = made
        return into(record, columns, Frame(shape, row.row, metadata, max_characters))

    return convert_row


def convert(row: SourceRow, shape: Shape, columns: ColumnMap, transforms: Sequence[Transform] = ()) -> Outcome:
    """Convert one row of a snapshot.

    Raises:
        ValueError: `columns` lacks a column that `shape` needs.
    """
    return converter(shape, columns, transforms)(row)


def used_keys(columns: ColumnMap, transforms: Sequence[Transform] = ()) -> frozenset[str]:
    """The keys of a record that a mapping reads. The whole name counts as well as what stands before its first dot."""
    names = [name for role in COLUMN_ROLES if (name := getattr(columns, role)) is not None]
    # A label map or a default changes its column in place, which then may still be one that is only kept.
    names += [name for step in transforms for name in columns_read(step) if hasattr(step, "to")]
    return frozenset(names) | {name.split(".", 1)[0] for name in names}


def plan_hash_of(plan: MappingPlan) -> str:
    """Return the SHA-256 of a plan, 64 hex digits."""
    return sha256_of(plan.model_dump(mode="json"))


def label_of(record: dict[str, Any], column: str) -> str | None:
    """Return the label that a record would be given, None where it would be refused."""
    found = label_text(record, column)
    return None if isinstance(found, Refused) else found.text


def row_id_of(record: dict[str, Any], column: str) -> str | None:
    """Spell the source's own id of a record, None where it has none."""
    found = value_at(record, column)
    return None if found is None or found == "" else found if isinstance(found, str) else canonical_json(found)
