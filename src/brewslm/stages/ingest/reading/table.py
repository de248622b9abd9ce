"""The rows of a snapshot, written to Parquet batch by batch."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from brewslm.stages.ingest.reading.batch import Batch

if TYPE_CHECKING:
    import pyarrow as pa

FIRST_PROBLEMS = 5
MAX_COLUMNS = 10_000
"""Names of columns that are remembered; hostile rows could each bring new ones."""


@dataclass(slots=True)
class Written:
    """What went into the table."""

    num_rows: int = 0
    num_malformed: int = 0
    columns: dict[str, None] = field(default_factory=dict)
    """Names in order of first appearance."""
    problems: list[str] = field(default_factory=list)
    """The first malformed records."""


class RowTable:
    """Writes `rows.parquet`, and counts."""

    def __init__(self, path: Path, *, names_files: bool) -> None:
        """Open a new table; `names_files` says whether problems are told with the name of their file."""
        import pyarrow.parquet as pq

        self._schema = _schema()
        self._names_files = names_files
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd", use_dictionary=["file", "split"])
        self.written = Written()

    def add(self, batch: Batch, *, file: str, split: str | None) -> None:
        """Append a batch of rows of `file`."""
        import pyarrow as pa

        written, num = self.written, len(batch.lines)
        first = written.num_rows
        written.num_rows += num
        written.num_malformed += num - batch.problems.count(None)
        self._remember(batch, file)
        arrays = [
            pa.array(range(first, first + num), pa.int64()),
            pa.array(batch.lines, pa.int64()),
            pa.array(batch.offsets, pa.int64()),
            pa.array(batch.texts, pa.large_binary()).cast(pa.large_string()),
            pa.array(batch.raws, pa.large_string()),
            pa.array(batch.problems, pa.large_string()),
            _repeat(file, num),
            _repeat(split, num),
        ]
        self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))

    def close(self) -> None:
        """End the file."""
        self._writer.close()

    def _remember(self, batch: Batch, file: str) -> None:
        written = self.written
        for shape in batch.shapes:
            if len(written.columns) < MAX_COLUMNS:
                written.columns.update(dict.fromkeys(shape[:MAX_COLUMNS]))
        if len(written.problems) == FIRST_PROBLEMS:
            return
        for line, problem in zip(batch.lines, batch.problems, strict=True):
            if problem is not None and len(written.problems) < FIRST_PROBLEMS:
                place = f"{file}, line {line}" if self._names_files else f"line {line}"
                written.problems.append(f"{place}: {problem}")


def _schema() -> "pa.Schema":
    import pyarrow as pa

    name = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [
            pa.field("row", pa.int64(), nullable=False),
            pa.field("line", pa.int64(), nullable=False),
            pa.field("byte_offset", pa.int64(), nullable=False),
            pa.field("record", pa.large_string()),
            pa.field("raw", pa.large_string()),
            pa.field("problem", pa.large_string()),
            pa.field("file", name),
            pa.field("split", name),
        ]
    )


def _repeat(name: str | None, num: int) -> "pa.DictionaryArray":
    import pyarrow as pa

    indices = pa.array([None if name is None else 0] * num, pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array([name or ""], pa.string()))
