"""The two fates of a record: converted (with what was mended), or refused (with why)."""

from dataclasses import dataclass
from typing import Any

from brewslm.core.artifacts.dataset import Example, RejectionReason, RepairRule
from brewslm.core.artifacts.schema import Shape


@dataclass(frozen=True, slots=True)
class SourceRow:
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


@dataclass(frozen=True, slots=True)
class Refused:
    """A record, or a part of it, that cannot become an example."""

    reason: RejectionReason
    detail: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text taken from a record, and the rules that mended it."""

    text: str
    repairs: tuple[RepairRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Converted:
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
