"""Physical lines of a file, with their numbers and byte offsets; memory does not grow with the file."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from brewslm.stages.ingest.reading.encoding import MARKED, Encoding

BLOCK_BYTES = 1 << 20
MAX_LINE_BYTES = 64 << 20
"""A longer line is a malformed record, of which the beginning is kept."""
KEPT_BYTES = 64 << 10

TOO_LONG = f"the line is longer than {MAX_LINE_BYTES >> 20} MiB"
_END = re.compile(r"\r\n|\r(?!\Z)|\n")


class Line(NamedTuple):
    """One line, with its line end."""

    number: int
    """From 1."""
    byte_offset: int
    text: str
    problem: str | None = None
    """Why the line is not text."""


def read_lines(path: Path, encoding: Encoding) -> Iterator[Line]:
    r"""Yield the lines of a file; `\n`, `\r\n` and `\r` end one, in any mixture."""
    if encoding.is_wide:
        yield from _wide_lines(path, encoding)
        return
    offset, number = encoding.bom_bytes, 0
    for block in line_blocks(path, skip=encoding.bom_bytes):
        for data in block:
            number += 1
            if isinstance(data, CutLine):
                yield Line(number, offset, data.head.decode(encoding.name, "backslashreplace"), TOO_LONG)
                offset += data.num_bytes
            else:
                yield decode_line(data, number, offset, encoding.name)
                offset += len(data)


@dataclass(frozen=True, slots=True)
class CutLine:
    """A line that is longer than the limit."""

    head: bytes
    num_bytes: int
    """Of the whole line."""

    def __len__(self) -> int:
        return self.num_bytes


def line_blocks(path: Path, *, skip: int) -> Iterator[list[bytes | CutLine]]:
    r"""Yield lists of whole lines with their line ends; `\n`, `\r\n` and `\r` end one."""
    rest = _Rest()
    with path.open("rb") as file:
        file.seek(skip)
        while block := _read_block(file):
            pieces = block.splitlines(keepends=True)
            is_last_whole = pieces[-1].endswith((b"\n", b"\r"))
            if rest.num_bytes and (len(pieces) > 1 or is_last_whole):
                rest.add(pieces[0])
                yield [rest.take(), *pieces[1 : None if is_last_whole else -1]]
            elif len(pieces) > 1 or is_last_whole:
                yield [*pieces[: None if is_last_whole else -1]]
            if not is_last_whole:
                rest.add(pieces[-1])
    if rest.num_bytes:
        yield [rest.take()]


class _Rest:
    """The beginning of a line whose end has not been read yet."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.num_bytes = 0

    def add(self, piece: bytes) -> None:
        self.num_bytes += len(piece)
        if self.num_bytes <= MAX_LINE_BYTES:
            self._parts.append(piece)
        else:
            self._parts = [b"".join(self._parts)[:KEPT_BYTES] or piece[:KEPT_BYTES]]

    def take(self) -> bytes | CutLine:
        data, size = b"".join(self._parts), self.num_bytes
        self._parts, self.num_bytes = [], 0
        return data if size <= MAX_LINE_BYTES else CutLine(data[:KEPT_BYTES], size)


def _read_block(file: BufferedReader) -> bytes:
    block = file.read(BLOCK_BYTES)
    return block + file.read(1) if block.endswith(b"\r") and file.peek(1)[:1] == b"\n" else block


def decode_line(data: bytes, number: int, offset: int, encoding: str) -> Line:
    """Turn the bytes of a line into text, or say which byte is none."""
    try:
        return Line(number, offset, data.decode(encoding))
    except UnicodeDecodeError as error:
        problem = f"byte {error.start + 1} of the line (0x{data[error.start]:02x}) is not {encoding.upper()}"
        return Line(number, offset, data.decode(encoding, "backslashreplace"), problem)


def _wide_lines(path: Path, encoding: Encoding) -> Iterator[Line]:
    decoder = codecs.getincrementaldecoder(encoding.name)(MARKED)
    number, offset, rest = 0, encoding.bom_bytes, ""
    with path.open("rb") as file:
        file.seek(encoding.bom_bytes)
        while block := file.read(BLOCK_BYTES):
            rest += decoder.decode(block)
            end = 0
            for match in _END.finditer(rest):
                number += 1
                text = rest[end : match.end()]
                yield Line(number, offset, text)
                offset += len(text.encode(encoding.name, "surrogatepass"))
                end = match.end()
            rest = rest[end:]
            if len(rest) > MAX_LINE_BYTES // 2:
                number += 1
                yield Line(number, offset, rest[:KEPT_BYTES], TOO_LONG)
                offset += len(rest.encode(encoding.name, "surrogatepass"))
                rest = ""
    state = decoder.getstate()[0]
    if rest or state:
        problem = "the file ends in the middle of a character" if state else None
        yield Line(number + 1, offset, rest, problem)
