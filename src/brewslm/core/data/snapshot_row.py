"""A row of a snapshot, as `rows.parquet` holds it."""

from typing import NamedTuple


class SnapshotRow(NamedTuple):
    """One record of the source, or the sentinel of one that cannot be read.

    A named tuple, because one is made for every row whenever a snapshot is read.
    """

    row: int
    """From 0, over all files of the source."""
    line: int
    """From 1, in its file; the number of the record where the format has no lines."""
    byte_offset: int
    record: str | None
    """The record as canonical JSON object; None where it is malformed."""
    raw: str | None
    """The text of a malformed record, else None."""
    problem: str | None
    """What is wrong with a malformed record, else None."""
    file: str = ""
    """The file of the source that it is in."""
    split: str | None = None
    """The split that the source itself says it belongs to."""
