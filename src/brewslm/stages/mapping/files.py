"""The tables of a committed dataset, written batch by batch."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from brewslm.core.artifacts.dataset import Rejection, Repair
from brewslm.core.data.example import Example
from brewslm.core.mapping.outcome import Converted
from brewslm.core.ports.tables import Tables

BATCH_EXAMPLES = 4096


class DatasetFiles:
    """The outlet of a commit: `examples.parquet`, `rejections.parquet`, `repairs.parquet`."""

    def __init__(self, folder: Path, tables: Tables) -> None:
        """Open the three tables in `folder`."""
        self._stack = ExitStack()
        self._examples = self._stack.enter_context(tables.write(folder / "examples.parquet", Example))
        self._rejections = self._stack.enter_context(tables.write(folder / "rejections.parquet", Rejection))
        self._repairs = self._stack.enter_context(tables.write(folder / "repairs.parquet", Repair))
        self._waiting: list[Example] = []
        self.num_examples = 0

    def accept(self, converted: Converted) -> None:
        """Write an example, and a line for each rule that mended it."""
        example = converted.example
        self._waiting.append(example)
        if len(self._waiting) == BATCH_EXAMPLES:
            self._flush()
        if converted.repairs:
            self._repairs.add([Repair(example.source_row, example.id, rule) for rule in converted.repairs])

    def reject(self, rejection: Rejection) -> None:
        """Write a rejected row, with its whole text."""
        self._rejections.add((rejection,))

    def _flush(self) -> None:
        self.num_examples += len(self._waiting)
        self._examples.add(self._waiting)
        self._waiting = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._stack.__exit__(kind, error, trace)
