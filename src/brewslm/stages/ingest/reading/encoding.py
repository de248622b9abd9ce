"""Which encoding a file is in: by its byte-order mark, else strict UTF-8, else a guess that is stated."""

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from brewslm.core.artifacts.snapshot import EncodingName
from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason

_BLOCK_BYTES = 1 << 20
_SAMPLE_BYTES = 1 << 16
_BOMS: tuple[tuple[bytes, EncodingName], ...] = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf-16", "utf-32")
_OTHER_SCRIPTS = ("Cyrillic", "CJK", "Hiragana", "Katakana", "Hangul", "Greek", "Hebrew", "Arabic", "Thai")
_MIN_OTHER_SHARE = 0.25
"""Of the letters of a text in another script, at least so many bytes are outside of ASCII."""
_CONTROL = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1b")
_ESCAPED = range(0xDC80, 0xDD00)

MARKED = "brewslm-marked"
"""Name of the error handler that puts a lone surrogate where wide bytes are no character."""


def _mark(error: UnicodeError) -> tuple[str, int]:
    try:
        return codecs.lookup_error("surrogatepass")(error)  # type: ignore[return-value]  # of a decoder it is a text
    except UnicodeError:
        return "\udcff", error.end if isinstance(error, UnicodeDecodeError) else 0


codecs.register_error(MARKED, _mark)


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding, and how it was found."""

    name: EncodingName
    bom_bytes: int
    note: str
    """For the user: why this one."""

    @property
    def is_wide(self) -> bool:
        """Whether a character takes two or four bytes at least, so that lines are not found in bytes."""
        return self.name.startswith(_WIDE)


def detect_encoding(path: Path, name: str, chosen: EncodingName | None) -> Encoding:
    """Find the encoding of the file called `name`; a chosen one is taken, without its byte-order mark.

    Raises:
        SourceError: the file is not text; `ingestion_unsupported_format`.
    """
    with path.open("rb") as file:
        head = file.read(_SAMPLE_BYTES)
    mark, marked = next(((mark, name) for mark, name in _BOMS if head.startswith(mark)), (b"", None))
    if chosen is not None:
        return Encoding(chosen, len(mark) if marked == chosen else 0, "chosen by the user")
    if marked is not None:
        return Encoding(marked, len(mark), "by its byte-order mark")
    control = len(head) - len(head.translate(None, _CONTROL))
    if control > 16 and control * 20 > len(head):
        wide = _wide_by_zeros(head)
        if wide is None:
            message = f"{name!r} is not readable text: it holds binary data. Name its encoding, or convert it."
            raise SourceError(message, reason=Reason.INGESTION_UNSUPPORTED_FORMAT)
        return Encoding(wide, 0, "no byte-order mark; by where its zero bytes stand")
    return _guess(path, head)


def _wide_by_zeros(head: bytes) -> EncodingName | None:
    """Tell UTF-16 and UTF-32 by the zero bytes that Latin text has at fixed places."""
    quarter = len(head) // 4
    zeros = [head[start::4].count(0) / max(1, quarter) for start in range(4)]
    patterns: tuple[tuple[EncodingName, tuple[int, ...]], ...] = (
        ("utf-32-le", (0, 1, 1, 1)),
        ("utf-32-be", (1, 1, 1, 0)),
        ("utf-16-le", (0, 1, 0, 1)),
        ("utf-16-be", (1, 0, 1, 0)),
    )
    for name, pattern in patterns:
        if all((share > 0.5) == bool(is_zero) for share, is_zero in zip(zeros, pattern, strict=True)):
            return name
    return None


def _guess(path: Path, head: bytes) -> Encoding:
    whole, damaged = _count_utf8(path)
    if not damaged:
        return Encoding("utf-8", 0, "strict UTF-8 throughout")
    if whole >= damaged:
        return Encoding("utf-8", 0, "UTF-8 with damaged bytes; the lines that hold them are malformed")
    guessed = _script_of(path, head)
    if guessed is not None:
        name, script = guessed
        return Encoding(name, 0, f"not UTF-8; guessed as {name} because it reads as {script}")
    if _decodes(path, "cp1252"):
        return Encoding("cp1252", 0, "not UTF-8; read as Windows-1252, which suits most Western files")
    return Encoding("utf-8", 0, "UTF-8 with damaged bytes; the lines that hold them are malformed")


def _script_of(path: Path, head: bytes) -> tuple[EncodingName, str] | None:
    """Guess an encoding of another script than Latin, where the bytes leave no doubt about that."""
    sample = _dense(path, head)
    letters = sum(byte > 127 or chr(byte).isalpha() for byte in sample)
    if sum(byte > 127 for byte in sample) < _MIN_OTHER_SHARE * max(1, letters):
        return None
    from charset_normalizer import from_bytes

    names = [name for name in get_args(EncodingName) if not name.startswith("utf")]
    best = from_bytes(sample, cp_isolation=names).best()
    if best is None:
        return None
    script = next((kind for kind in _OTHER_SCRIPTS if any(kind in found for found in best.alphabets)), None)
    name = next((name for name in names if codecs.lookup(name) == codecs.lookup(best.encoding)), None)
    return (name, script) if name is not None and script is not None and _decodes(path, name) else None


def _dense(path: Path, head: bytes) -> bytes:
    """Whole lines from the start of the file, or from where its first byte outside of ASCII is."""
    if head.isascii():
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                if not block.isascii():
                    first = next(index for index, byte in enumerate(block) if byte > 127)
                    head = block[block.rfind(b"\n", 0, first) + 1 :][:_SAMPLE_BYTES]
                    break
    end = head.rfind(b"\n")
    return head[: end + 1] if end > 0 else head


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


def _count_utf8(path: Path) -> tuple[int, int]:
    """Characters of several bytes that are whole UTF-8, and bytes that are none.

    Counting ends where the damage is certain to stay in the minority or to be the majority of a good sample.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    whole = damaged = 0
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK_BYTES)
            text = decoder.decode(block, final=not block)
            if not text.isascii():
                try:
                    text.encode()
                    whole += max(1, len(block) - len(text))
                except UnicodeEncodeError:
                    escaped = sum(ord(char) in _ESCAPED for char in text)
                    damaged += escaped
                    whole += sum(ord(char) > 127 for char in text) - escaped
            if not block or damaged > 10_000:
                return whole, damaged
