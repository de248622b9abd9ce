"""The tables of a committed dataset, written batch by batch."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from brewslm.core.artifacts.dataset import Rejection, Repair
from brewslm.core.data.example import Example
from brewslm.core.mapping.outcome import Converted
from brewslm.core.mapping.plain import Plain
from brewslm.core.ports.tables import Tables
from brewslm.stages.mapping.example_columns import ExampleColumns

BATCH_EXAMPLES = 8192
BATCH_CHARACTERS = 8 << 20


class DatasetFiles:
    """The outlet of a commit: `examples.parquet`, `rejections.parquet`, `repairs.parquet`."""

    def __init__(self, folder: Path, tables: Tables) -> None:
        """Open the three tables in `folder`."""
        self._stack = ExitStack()
        self._examples = self._stack.enter_context(tables.write(folder / "examples.parquet", Example))
        self._rejections = self._stack.enter_context(tables.write(folder / "rejections.parquet", Rejection))
        self._repairs = self._stack.enter_context(tables.write(folder / "repairs.parquet", Repair))
        self._waiting = ExampleColumns()
        self.num_examples = 0

    def accept(self, converted: Converted | Plain) -> None:
        """Write an example, and a line for each rule that mended it."""
        waiting = self._waiting
        if isinstance(converted, Plain):
            waiting.add_plain(converted)
        else:
            example = converted.example
            waiting.add(example)
            self._repairs.add([Repair(example.source_row, example.id, rule) for rule in converted.repairs])
        if len(waiting) >= BATCH_EXAMPLES or waiting.num_characters >= BATCH_CHARACTERS:
            self._flush()

    def reject(self, rejection: Rejection) -> None:
        """Write a rejected row, with its whole text."""
        self._rejections.add((rejection,))

    def _flush(self) -> None:
        if len(self._waiting):
            self.num_examples += len(self._waiting)
            self._examples.add_columns(self._waiting.taken())
            self._waiting = ExampleColumns()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._stack.__exit__(kind, error, trace)
