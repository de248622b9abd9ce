"""Which encoding a file is in: by its byte-order mark, else strict UTF-8, else a fallback that is stated."""

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason

EncodingName = Literal["utf-8", "utf-16-le", "utf-16-be", "cp1252"]

_BLOCK_BYTES = 1 << 20
_BOMS: tuple[tuple[bytes, EncodingName], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1b")
_ESCAPED = range(0xDC80, 0xDD00)


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding, and how it was found."""

    name: EncodingName
    bom_bytes: int
    note: str
    """For the user: why this one."""


def detect_encoding(path: Path, chosen: EncodingName | None) -> Encoding:
    """Find the encoding of a file; a chosen one is taken, without its byte-order mark.

    Raises:
        SourceError: the file is not text; `ingestion_unsupported_format`.
    """
    with path.open("rb") as file:
        head = file.read(1 << 16)
    mark, marked = next(((mark, name) for mark, name in _BOMS if head.startswith(mark)), (b"", None))
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)) and chosen is None:
        raise _not_text(path, "it is UTF-32")
    if chosen is not None:
        return Encoding(chosen, len(mark) if marked == chosen else 0, "chosen by the user")
    if marked is not None:
        return Encoding(marked, len(mark), "by its byte-order mark")
    control = len(head) - len(head.translate(None, _CONTROL))
    if control > 16 and control * 20 > len(head):
        hint = "it looks like UTF-16 without a byte-order mark" if _looks_wide(head) else "it holds binary data"
        raise _not_text(path, hint)
    return _guess(path)


def _guess(path: Path) -> Encoding:
    if _decodes(path, "utf-8"):
        return Encoding("utf-8", 0, "strict UTF-8 throughout")
    if _decodes(path, "cp1252") and not _holds_utf8(path):
        return Encoding("cp1252", 0, "not UTF-8; read as Windows-1252, which every byte allows")
    return Encoding("utf-8", 0, "UTF-8 with damaged bytes; the lines that hold them are malformed")


def _decodes(path: Path, name: EncodingName) -> bool:
    decoder = codecs.getincrementaldecoder(name)("strict")
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _holds_utf8(path: Path) -> bool:
    """Whether a whole multi-byte UTF-8 character is in the file, so that its other bytes are damage."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            text = decoder.decode(block)
            if not text.isascii() and any(ord(char) > 127 and ord(char) not in _ESCAPED for char in text):
                return True
    return False


def _looks_wide(head: bytes) -> bool:
    half = len(head) // 2
    return max(head[0::2].count(0), head[1::2].count(0)) > half // 2


def _not_text(path: Path, why: str) -> SourceError:
    message = f"{path.name!r} is not readable text: {why}. Name the encoding, or convert the file to UTF-8."
    return SourceError(message, reason=Reason.INGESTION_UNSUPPORTED_FORMAT)
