"""Rows of a snapshot: a spread sample of them, and all values of one column."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brewslm.core.mapping.convert import label_of
from brewslm.core.mapping.outcome import SourceRow

MAX_LABELS = 10_000
"""A column with more distinct values than this is no vocabulary."""


def sample_rows(path: Path, num_rows: int, sample_size: int) -> list[SourceRow]:
    """Read `sample_size` rows at equal distances over the whole of `rows.parquet`."""
    import pyarrow as pa

    size = min(num_rows, sample_size)
    wanted = {index * num_rows // size for index in range(size)}
    rows: list[SourceRow] = []
    first = 0
    for batch in _batches(path, ["row", "line", "byte_offset", "record", "raw", "problem"]):
        inside = [index - first for index in range(first, first + batch.num_rows) if index in wanted]
        rows += [_row(values) for values in batch.take(pa.array(inside, type=pa.int64())).to_pylist()]
        first += batch.num_rows
    return rows


def vocabulary_of(path: Path, column: str) -> tuple[Counter[str], int]:
    """Count the labels of a column over the whole snapshot, and the rows that have one.

    The counting ends early where it is clear that the column is no vocabulary.
    """
    labels: Counter[str] = Counter()
    for batch in _batches(path, ["record"]):
        for text in batch.column(0).to_pylist():
            label = None if text is None else label_of(json.loads(text), column)
            if label is not None:
                labels[label] += 1
        if len(labels) > MAX_LABELS:
            break
    return labels, labels.total()


def _row(values: dict[str, Any]) -> SourceRow:
    record = None if values["record"] is None else json.loads(values["record"])
    return SourceRow(
        row=values["row"],
        line=values["line"],
        byte_offset=values["byte_offset"],
        record=record,
        raw=values["raw"] or values["record"] or "",
        problem=values["problem"] or "",
    )


def _batches(path: Path, columns: list[str]) -> Iterator[Any]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=4096, columns=columns)
