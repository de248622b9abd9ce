"""The two fates of a record: converted (with what was mended), or refused (with why).

These are named tuples, because one of each is made for every row, and they are made faster than frozen dataclasses.
"""

import json
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from brewslm.core.artifacts.dataset import RejectionReason, RepairRule
from brewslm.core.data.example import Example, Shape
from brewslm.core.data.snapshot_row import SnapshotRow

_read_object = TypeAdapter(dict[str, Any]).validator.validate_json


class SourceRow(NamedTuple):
    """One row of a snapshot."""

    row: int
    line: int
    byte_offset: int
    record: dict[str, Any] | None
    """None where the record is malformed."""
    raw: str
    """The text of the record."""
    problem: str = ""
    """What is wrong with a malformed record."""
    file: str = ""
    """The file of the source that it is in."""
    split: str | None = None
    """The split that the source itself says it belongs to."""


def parsed_record(record: str | None) -> dict[str, Any] | None:
    """Parse the JSON of a record; None stays None."""
    if record is None:
        return None
    try:
        found: dict[str, Any] = _read_object(record)
    except ValueError:
        # The fast parser refuses what is nested deeply.
        found = json.loads(record)
    return found


def parsed(row: SnapshotRow) -> SourceRow:
    """Parse the record of a stored row."""
    return source_row(row, parsed_record(row.record))


def source_row(row: SnapshotRow, found: dict[str, Any] | None) -> SourceRow:
    """A stored row, and its record as it was parsed."""
    number, line, byte_offset, record, raw, problem, file, split = row
    text = (raw if record is None else record) or ""
    return SourceRow(number, line, byte_offset, found, text, problem or "", file, split)


class Refused(NamedTuple):
    """A record, or a part of it, that cannot become an example."""

    reason: RejectionReason
    detail: str


class Text(NamedTuple):
    """A text taken from a record, and the rules that mended it."""

    text: str
    repairs: tuple[RepairRule, ...] = ()


class Converted(NamedTuple):
    """A record that became an example, and the rules that mended it, each once."""

    example: Example
    repairs: tuple[RepairRule, ...]


Outcome = Converted | Refused


def missing(field: str) -> Refused:
    """Say that a field is absent."""
    return Refused(RejectionReason.MISSING_FIELD, f"the field {field!r} is missing")


def needs(shape: Shape, role: str) -> ValueError:
    """The error of a column map that lacks a column that its shape cannot do without."""
    return ValueError(f"a {shape} mapping needs a column for {role!r}")
