"""Plain text and Markdown: one document a file, or pieces of a large one."""

import re
from collections.abc import Iterator
from pathlib import Path

from brewslm.stages.ingest.reading.encoding import Encoding
from brewslm.stages.ingest.reading.lines import Line, read_lines
from brewslm.stages.ingest.reading.record import Record, malformed, record_of_value

WHOLE_BYTES = 1 << 20
"""A larger file is cut into pieces."""
PIECE_CHARACTERS = 256 << 10
"""A piece ends at a form feed, or at the first blank line after so many characters, or at twice as many."""
_HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*\s*\Z")


def describe_prose(path: Path) -> dict[str, str]:
    """Say for people how the file is cut."""
    if path.stat().st_size <= WHOLE_BYTES:
        return {"documents": "one for the file"}
    return {"documents": f"cut at form feeds, and at blank lines about every {PIECE_CHARACTERS >> 10} Ki characters"}


def read_prose(path: Path, name: str, encoding: Encoding) -> Iterator[Record]:
    """Yield `{"path": …, "text": …, "title": …}` for the file, or with `part` for each piece of it.

    A piece with a line that is no text is malformed. Blank pieces are passed over.
    """
    is_cut = path.stat().st_size > WHOLE_BYTES
    part = 0
    for piece in _pieces(read_lines(path, encoding), is_cut=is_cut):
        first = piece[0]
        text = "".join(line.text for line in piece).replace("\r\n", "\n").replace("\r", "\n").strip("\n\f")
        damaged = next((line for line in piece if line.problem is not None), None)
        if not text.strip() and damaged is None:
            continue
        part += 1
        if damaged is not None:
            problem = f"line {damaged.number}: {damaged.problem}"
            yield malformed(first.number, first.byte_offset, raw=text, problem=problem)
            continue
        value: dict[str, str | int] = {"text": text, "path": name}
        title = title_of(text)
        if title:
            value["title"] = title
        if is_cut:
            value["part"] = part
        yield record_of_value(value, text, first.number, first.byte_offset)


def title_of(text: str) -> str:
    """The first heading of a Markdown text, or nothing."""
    for line in text.splitlines()[:200]:
        match = _HEADING.match(line)
        if match:
            return match.group(1)[:300]
    return ""


def _pieces(lines: Iterator[Line], *, is_cut: bool) -> Iterator[list[Line]]:
    piece: list[Line] = []
    size = 0
    for line in lines:
        if is_cut and piece and line.text.startswith("\f"):
            yield piece
            piece, size = [], 0
        piece.append(line)
        size += len(line.text)
        is_blank = not line.text.strip()
        if is_cut and ((is_blank and size >= PIECE_CHARACTERS) or size >= 2 * PIECE_CHARACTERS):
            yield piece
            piece, size = [], 0
    if piece:
        yield piece
