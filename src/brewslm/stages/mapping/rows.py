"""Rows of a snapshot, one after the other."""

from collections.abc import Iterator
from pathlib import Path

from brewslm.core.artifacts.base import FileRef
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.data.snapshot_row import SnapshotRow
from brewslm.core.ports.artifact_store import Shelf
from brewslm.core.ports.tables import Tables

REPORT_ROWS = 4096
"""How many rows are done between two reports of progress."""


def rows_path(snapshot: Snapshot, shelf: Shelf) -> Path:
    """Where the rows of a snapshot lie."""
    return shelf.path(rows_file(snapshot).path)


def rows_file(snapshot: Snapshot) -> FileRef:
    """The file of the rows of a snapshot."""
    return next(file for file in snapshot.files if file.path.endswith("/rows.parquet"))


def read_rows(path: Path, tables: Tables) -> Iterator[SnapshotRow]:
    """Yield the rows of `rows.parquet`; memory does not grow with their number."""
    return tables.each(path, SnapshotRow)
