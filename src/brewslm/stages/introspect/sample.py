"""Rows of a snapshot: a spread sample of them, and all values of one column."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from brewslm.core.data.snapshot_row import SnapshotRow
from brewslm.core.mapping.convert import label_of
from brewslm.core.mapping.outcome import SourceRow, parsed, parsed_record
from brewslm.core.ports.tables import Tables

MAX_LABELS = 10_000
"""A column with more distinct values than this is no vocabulary."""


@dataclass(frozen=True, slots=True)
class _Record:
    record: str | None


def sample_rows(path: Path, tables: Tables, num_rows: int, sample_size: int) -> list[SourceRow]:
    """Read `sample_size` rows at equal distances over the whole of `rows.parquet`."""
    size = min(num_rows, sample_size)
    wanted = [index * num_rows // size for index in range(size)]
    return [parsed(row) for row in tables.pick(path, SnapshotRow, wanted)]


def vocabulary_of(path: Path, tables: Tables, column: str) -> tuple[Counter[str], int]:
    """Count the labels of a column over the whole snapshot, and the rows that have one.

    The counting ends early where it is clear that the column is no vocabulary.
    """
    labels: Counter[str] = Counter()
    for batch in tables.read(path, _Record):
        for row in batch:
            record = parsed_record(row.record)
            label = None if record is None else label_of(record, column)
            if label is not None:
                labels[label] += 1
        if len(labels) > MAX_LABELS:
            break
    return labels, labels.total()
