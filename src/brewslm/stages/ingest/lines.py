"""Physical lines of a file, with their numbers and byte offsets; memory does not grow with the file."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from brewslm.stages.ingest.encoding import Encoding

BLOCK_BYTES = 1 << 20
MAX_LINE_BYTES = 64 << 20
"""A longer line is a malformed record, of which the beginning is kept."""
KEPT_BYTES = 64 << 10

_TOO_LONG = f"the line is longer than {MAX_LINE_BYTES >> 20} MiB"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r(?!\Z)|\n)")


@dataclass(frozen=True, slots=True)
class Line:
    """One line, with its line end."""

    number: int
    """From 1."""
    byte_offset: int
    text: str
    problem: str | None = None
    """Why the line is not text."""


def read_lines(path: Path, encoding: Encoding) -> Iterator[Line]:
    r"""Yield the lines of a file; `\n`, `\r\n` and `\r` end one, in any mixture."""
    if encoding.name.startswith("utf-16"):
        yield from _wide_lines(path, encoding)
        return
    offset = encoding.bom_bytes
    for number, data in enumerate(_byte_lines(path, skip=encoding.bom_bytes), start=1):
        yield _decode(data.text, number, offset, encoding.name, is_cut=data.size > len(data.text))
        offset += data.size


@dataclass(frozen=True, slots=True)
class _Bytes:
    text: bytes
    size: int
    """Bytes in the file; more than `text` where the line was cut."""


def _byte_lines(path: Path, *, skip: int) -> Iterator[_Bytes]:
    parts: list[bytes] = []
    size = 0
    with path.open("rb") as file:
        file.seek(skip)
        while block := _read_block(file):
            for piece in block.splitlines(keepends=True):
                size += len(piece)
                if size <= MAX_LINE_BYTES:
                    parts.append(piece)
                if piece.endswith((b"\n", b"\r")):
                    yield _whole(parts, size)
                    parts, size = [], 0
    if size:
        yield _whole(parts, size)


def _read_block(file: BufferedReader) -> bytes:
    block = file.read(BLOCK_BYTES)
    return block + file.read(1) if block.endswith(b"\r") and file.peek(1)[:1] == b"\n" else block


def _whole(parts: list[bytes], size: int) -> _Bytes:
    text = b"".join(parts)
    return _Bytes(text[:KEPT_BYTES] if size > MAX_LINE_BYTES else text, size)


def _decode(data: bytes, number: int, offset: int, encoding: str, *, is_cut: bool) -> Line:
    if is_cut:
        text = data.decode(encoding, "backslashreplace")
        return Line(number, offset, text, _TOO_LONG)
    try:
        return Line(number, offset, data.decode(encoding))
    except UnicodeDecodeError as error:
        problem = f"byte {error.start + 1} of the line (0x{data[error.start]:02x}) is not {encoding.upper()}"
        return Line(number, offset, data.decode(encoding, "backslashreplace"), problem)


def _wide_lines(path: Path, encoding: Encoding) -> Iterator[Line]:
    decoder = codecs.getincrementaldecoder(encoding.name)("surrogatepass")
    number, offset, rest = 0, encoding.bom_bytes, ""
    with path.open("rb") as file:
        file.seek(encoding.bom_bytes)
        while block := file.read(BLOCK_BYTES):
            rest += decoder.decode(block)
            end = 0
            for match in _LINE.finditer(rest):
                number += 1
                yield Line(number, offset, match.group())
                offset += len(match.group().encode(encoding.name, "surrogatepass"))
                end = match.end()
            rest = rest[end:]
            if len(rest) > MAX_LINE_BYTES // 2:
                number += 1
                yield Line(number, offset, rest[:KEPT_BYTES], _TOO_LONG)
                offset += len(rest.encode(encoding.name, "surrogatepass"))
                rest = ""
    state = decoder.getstate()[0]
    if rest or state:
        problem = "the file ends in the middle of a character" if state else None
        yield Line(number + 1, offset, rest, problem)
