"""Rows on their way to the table, column by column, so that most of them never become an object of their own."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from brewslm.stages.ingest.reading.record import Record

BATCH_ROWS = 8192
BATCH_BYTES = 8 << 20


@dataclass(slots=True)
class Batch:
    """Some rows of one file; the lists have one entry per row."""

    lines: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    texts: list[str | bytes | None] = field(default_factory=list)
    raws: list[str | None] = field(default_factory=list)
    problems: list[str | None] = field(default_factory=list)
    shapes: dict[tuple[str, ...], None] = field(default_factory=dict)
    """The different column lists of the readable rows, in order of first appearance."""
    num_bytes: int = 0
    """About what the texts hold."""

    @property
    def is_full(self) -> bool:
        """Whether it should be written before more is added."""
        return len(self.lines) >= BATCH_ROWS or self.num_bytes >= BATCH_BYTES

    def add_text(self, line: int, byte_offset: int, text: str | bytes, columns: tuple[str, ...]) -> None:
        """Append a readable row."""
        self.lines.append(line)
        self.offsets.append(byte_offset)
        self.texts.append(text)
        self.raws.append(None)
        self.problems.append(None)
        self.num_bytes += len(text)
        if columns not in self.shapes:
            self.shapes[columns] = None

    def extend(
        self,
        lines: Sequence[int],
        offsets: Sequence[int],
        texts: Sequence[str | bytes],
        shapes: Iterable[tuple[str, ...]],
    ) -> None:
        """Append many readable rows."""
        nothing = [None] * len(texts)
        self.lines += lines
        self.offsets += offsets
        self.texts += texts
        self.raws += nothing
        self.problems += nothing
        self.num_bytes += sum(map(len, texts))
        self.shapes.update(dict.fromkeys(shapes))

    def add(self, record: Record) -> None:
        """Append a record, readable or not."""
        if record.text is not None:
            self.add_text(record.line, record.byte_offset, record.text, record.columns)
            return
        self.lines.append(record.line)
        self.offsets.append(record.byte_offset)
        self.texts.append(None)
        self.raws.append(record.raw)
        self.problems.append(record.problem)
        self.num_bytes += len(record.raw or "")


def gather(records: Iterable[Record]) -> Iterator[Batch]:
    """Put single records into batches."""
    batch = Batch()
    for record in records:
        batch.add(record)
        if batch.is_full:
            yield batch
            batch = Batch()
    if batch.lines:
        yield batch
