"""JSON Lines: one object a line."""

from collections.abc import Iterator
from pathlib import Path

from brewslm.stages.ingest.encoding import Encoding
from brewslm.stages.ingest.lines import read_lines
from brewslm.stages.ingest.record import Record, malformed, record_of_json


def read_jsonl(path: Path, encoding: Encoding) -> Iterator[Record]:
    """Yield a record for every line that is not blank."""
    for line in read_lines(path, encoding):
        if line.problem is not None:
            yield malformed(line.number, line.byte_offset, raw=line.text, problem=line.problem)
        elif text := line.text.strip():
            yield record_of_json(text, line.number, line.byte_offset)
