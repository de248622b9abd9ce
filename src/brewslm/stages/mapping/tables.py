"""The Parquet files of a committed dataset, written batch by batch."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from brewslm.core.artifacts.dataset import Rejection
from brewslm.core.mapping.outcome import Converted

BATCH_ROWS = 4096


class DatasetFiles:
    """The outlet of a commit: `examples.parquet`, `rejections.parquet`, `repairs.parquet`."""

    def __init__(self, folder: Path) -> None:
        """Open the three files in `folder`."""
        import pyarrow as pa

        text, number = pa.large_string(), pa.int64()
        messages = pa.list_(pa.struct([("role", pa.string()), ("content", text)]))
        example = [("id", pa.string()), ("task", pa.string()), ("messages", messages), ("label", text)]
        rejection = [("source_row", number), ("line", number), ("byte_offset", number), ("reason", pa.string())]
        self._examples = _Table(folder / "examples.parquet", pa.schema([*example, ("source_row", number)]))
        self._rejections = _Table(
            folder / "rejections.parquet", pa.schema([*rejection, ("detail", text), ("raw", text)])
        )
        self._repairs = _Table(
            folder / "repairs.parquet", pa.schema([("source_row", number), ("id", pa.string()), ("rule", pa.string())])
        )

    def accept(self, converted: Converted) -> None:
        """Write an example, and a line for each rule that mended it."""
        example = converted.example
        self._examples.add(
            {
                "id": example.id,
                "task": example.task,
                "messages": [{"role": m.role, "content": m.content} for m in example.messages],
                "label": example.label,
                "source_row": example.source_row,
            }
        )
        for rule in converted.repairs:
            self._repairs.add({"source_row": example.source_row, "id": example.id, "rule": str(rule)})

    def reject(self, rejection: Rejection) -> None:
        """Write a rejected row, with its whole text."""
        self._rejections.add(rejection.model_dump(mode="json"))

    @property
    def num_examples(self) -> int:
        """Examples written so far."""
        return self._examples.num_rows

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for table in (self._examples, self._rejections, self._repairs):
            table.close()


class _Table:
    def __init__(self, path: Path, schema: Any) -> None:  # noqa: ANN401 - a pyarrow schema
        import pyarrow.parquet as pq

        self.num_rows = 0
        self._schema = schema
        self._rows: list[dict[str, Any]] = []
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")

    def add(self, row: dict[str, Any]) -> None:
        self.num_rows += 1
        self._rows.append(row)
        if len(self._rows) >= BATCH_ROWS:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._writer.write_batch(pa.RecordBatch.from_pylist(self._rows, schema=self._schema))
            self._rows = []
