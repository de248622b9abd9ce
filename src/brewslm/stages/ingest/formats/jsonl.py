"""JSON Lines: one object a line."""

from collections.abc import Iterator
from pathlib import Path

from brewslm.stages.ingest.reading.batch import Batch
from brewslm.stages.ingest.reading.encoding import Encoding
from brewslm.stages.ingest.reading.lines import TOO_LONG, CutLine, Line, decode_line, line_blocks, read_lines
from brewslm.stages.ingest.reading.record import JSON_SPACE, malformed, quick_record, record_of_json


def read_jsonl(path: Path, encoding: Encoding) -> Iterator[Batch]:
    """Yield a row for every line that is not blank."""
    return _read_utf8(path, encoding) if encoding.name == "utf-8" else _read_other(path, encoding)


def _read_utf8(path: Path, encoding: Encoding) -> Iterator[Batch]:
    batch = Batch()
    offset, number = encoding.bom_bytes, 0
    for block in line_blocks(path, skip=encoding.bom_bytes):
        for data in block:
            number += 1
            if isinstance(data, CutLine):
                text = data.head.decode("utf-8", "backslashreplace")
                batch.add(malformed(number, offset, raw=text, problem=TOO_LONG))
                offset += data.num_bytes
                continue
            found = quick_record(data)
            if found is not None:
                batch.add_text(number, offset, *found)
            else:
                _add_line(batch, decode_line(data, number, offset, "utf-8"))
            offset += len(data)
            if batch.is_full:
                yield batch
                batch = Batch()
    if batch.lines:
        yield batch


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
