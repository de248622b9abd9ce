"""JSON Lines: one object a line."""

from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from brewslm.stages.ingest.reading.batch import Batch
from brewslm.stages.ingest.reading.encoding import Encoding
from brewslm.stages.ingest.reading.lines import TOO_LONG, CutLine, Line, decode_line, line_blocks, read_lines
from brewslm.stages.ingest.reading.record import JSON_SPACE, malformed, quick_record, quick_records, record_of_json

QUICK_LINES = 256
"""Lines that are parsed together; one bad line makes its companions take the slower way."""


def read_jsonl(path: Path, encoding: Encoding) -> Iterator[Batch]:
    """Yield a row for every line that is not blank."""
    return _read_utf8(path, encoding) if encoding.name == "utf-8" else _read_other(path, encoding)


def _read_utf8(path: Path, encoding: Encoding) -> Iterator[Batch]:
    batch = Batch()
    number, offset = 1, encoding.bom_bytes
    for block in line_blocks(path, skip=encoding.bom_bytes):
        for start in range(0, len(block), QUICK_LINES):
            lines = block[start : start + QUICK_LINES]
            offsets = list(accumulate(map(len, lines), initial=offset))
            whole = [line for line in lines if isinstance(line, bytes)]
            found = quick_records(whole) if len(whole) == len(lines) else None
            if found is not None:
                batch.extend(range(number, number + len(lines)), offsets[:-1], *found)
            else:
                for at, line in enumerate(lines):
                    _add(batch, line, number + at, offsets[at])
            number, offset = number + len(lines), offsets[-1]
            if batch.is_full:
                yield batch
                batch = Batch()
    if batch.lines:
        yield batch


def _add(batch: Batch, line: bytes | CutLine, number: int, offset: int) -> None:
    if isinstance(line, CutLine):
        text = line.head.decode("utf-8", "backslashreplace")
        batch.add(malformed(number, offset, raw=text, problem=TOO_LONG))
        return
    found = quick_record(line)
    if found is not None:
        batch.add_text(number, offset, *found)
    else:
        _add_line(batch, decode_line(line, number, offset, "utf-8"))


def _read_other(path: Path, encoding: Encoding) -> Iterator[Batch]:
    batch = Batch()
    for line in read_lines(path, encoding):
        found = quick_record(line.text.encode("utf-8", "surrogatepass")) if line.problem is None else None
        if found is not None:
            batch.add_text(line.number, line.byte_offset, *found)
        else:
            _add_line(batch, line)
        if batch.is_full:
            yield batch
            batch = Batch()
    if batch.lines:
        yield batch


def _add_line(batch: Batch, line: Line) -> None:
    if line.problem is not None:
        batch.add(malformed(line.number, line.byte_offset, raw=line.text, problem=line.problem))
    elif line.text.strip():
        batch.add(record_of_json(line.text.strip(JSON_SPACE), line.number, line.byte_offset))
