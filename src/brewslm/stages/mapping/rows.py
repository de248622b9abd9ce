"""Rows of a snapshot, one after the other."""

import json
from collections.abc import Iterator
from pathlib import Path

from brewslm.core.artifacts.base import FileRef
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.mapping.outcome import SourceRow
from brewslm.core.ports.artifact_store import Shelf

BATCH_ROWS = 4096


def rows_path(snapshot: Snapshot, shelf: Shelf) -> Path:
    """Where the rows of a snapshot lie."""
    return shelf.path(rows_file(snapshot).path)


def rows_file(snapshot: Snapshot) -> FileRef:
    """The file of the rows of a snapshot."""
    return next(file for file in snapshot.files if file.path.endswith("/rows.parquet"))


def read_rows(path: Path) -> Iterator[SourceRow]:
    """Yield the rows of `rows.parquet`; memory does not grow with their number."""
    import pyarrow.parquet as pq

    names = ["row", "line", "byte_offset", "record", "raw", "problem"]
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=names):
            values = (column.to_pylist() for column in batch.columns)
            for row, line, offset, record, raw, problem in zip(*values, strict=True):
                parsed = None if record is None else json.loads(record)
                yield SourceRow(row, line, offset, parsed, raw if record is None else record, problem or "")
