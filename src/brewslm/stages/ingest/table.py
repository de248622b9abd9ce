"""The rows of a snapshot, written to Parquet batch by batch."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from brewslm.stages.ingest.record import Record

BATCH_ROWS = 4096
FIRST_PROBLEMS = 5


@dataclass(slots=True)
class Written:
    """What went into the table."""

    num_rows: int = 0
    num_malformed: int = 0
    columns: dict[str, None] = field(default_factory=dict)
    """Names in order of first appearance."""
    problems: list[str] = field(default_factory=list)
    """The first malformed records."""


def write_rows(path: Path, records: Iterator[Record], *, at_batch: Callable[[Written, int], None]) -> Written:
    """Write `rows.parquet` and count. `at_batch` hears, after each batch, what was written and the byte it is at."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            pa.field("row", pa.int64(), nullable=False),
            pa.field("line", pa.int64(), nullable=False),
            pa.field("byte_offset", pa.int64(), nullable=False),
            pa.field("record", pa.large_string()),
            pa.field("raw", pa.large_string()),
            pa.field("problem", pa.large_string()),
        ]
    )
    written = Written()
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while batch := list(islice(records, BATCH_ROWS)):
            first = written.num_rows
            _count(written, batch)
            columns = [
                range(first, first + len(batch)),
                [record.line for record in batch],
                [record.byte_offset for record in batch],
                [record.text for record in batch],
                [record.raw for record in batch],
                [record.problem for record in batch],
            ]
            arrays = [pa.array(values, type=kind) for values, kind in zip(columns, schema.types, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            at_batch(written, batch[-1].byte_offset)
    return written


def _count(written: Written, batch: list[Record]) -> None:
    written.num_rows += len(batch)
    for record in batch:
        if record.problem is None:
            written.columns.update(dict.fromkeys(record.columns))
            continue
        written.num_malformed += 1
        if len(written.problems) < FIRST_PROBLEMS:
            written.problems.append(f"line {record.line}: {record.problem}")
