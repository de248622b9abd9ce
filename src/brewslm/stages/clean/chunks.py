"""Documents cut into chunks on the borders of headings, paragraphs, sentences and words.

Chunks are pieces of the text as it is: laid over each other at their overlaps they make the whole of it.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from brewslm.core.artifacts.cleaning import ChunkRule
from brewslm.core.errors import BaseModelError

_BORDERS = (
    re.compile(r"^(?=#{1,6} )", re.MULTILINE),
    re.compile(r"(?<=\n)\n+(?=\S)"),
    re.compile(r"(?:[.!?…][\"'”’)\]]{0,3}(?=\s)\s+|[\u3002\uff01\uff1f][」』”]?)"),
    re.compile(r"\n"),
    re.compile(r"\s+"),
)
"""From the best place to cut to the worst; the cut is made after it. Where there is none, between any two units."""
_HEADING = re.compile(r"^(#{1,6}) +(.+?)\s*#*\s*$", re.MULTILINE)
_FENCE = re.compile(r"^(?:```|~~~)", re.MULTILINE)
_WORD = re.compile(r"\S+\s*|\s+")
_BLOCK = 100_000
"""So many characters go to a tokenizer at once."""

Starts = Callable[[str], list[int]]
"""Where the units of a text begin, ascending from 0."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """`text[start:end]` of a document, and the headings that it stands under."""

    start: int
    end: int
    headings: tuple[str, ...]


def unit_starts(rule: ChunkRule, locate: Callable[[str], Path]) -> Starts:
    """Return the function that says where units (tokens, words, characters) begin.

    Raises:
        BaseModelError: the base model that counts tokens cannot be found or read.
    """
    match rule.unit:
        case "characters":
            return lambda text: list(range(len(text)))
        case "words":
            return lambda text: [found.start() for found in _WORD.finditer(text)]
        case "tokens":
            return _token_starts(locate(rule.base_model or ""))


def _token_starts(folder: Path) -> Starts:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:
        message = f"The tokenizer of {folder.name!r} cannot be read: {error}. Choose another base model."
        raise BaseModelError(message) from error

    tokenizer.no_truncation()
    tokenizer.no_padding()

    def starts(text: str) -> list[int]:
        found: list[int] = []
        for begin in range(0, len(text), _BLOCK):
            encoded = tokenizer.encode(text[begin : begin + _BLOCK], add_special_tokens=False)
            found += [begin + offset for offset, _ in encoded.offsets]
        return sorted(found)

    return starts


def cut(text: str, rule: ChunkRule, starts: Starts) -> list[Chunk]:
    """Cut a text into chunks of at most `rule.size` units; every character is in at least one."""
    units = starts(text)
    if len(units) <= rule.size:
        return [Chunk(0, len(text), ())] if text else []
    borders = [_borders(pattern, text) for pattern in _BORDERS]
    headings = _headings(text)
    chunks: list[Chunk] = []
    first = 0
    while True:
        begin = chunks[-1].end if chunks and rule.overlap == 0 else _place(units, first, text)
        last = first + rule.size
        if last >= len(units):
            chunks.append(Chunk(begin, len(text), _over(headings, begin)))
            return chunks
        middle, limit = _place(units, first + (rule.size + 1) // 2, text), _place(units, last, text)
        end = max(begin + 1, _best_border(borders, max(middle, begin), limit))
        chunks.append(Chunk(begin, end, _over(headings, begin)))
        # The unit that `end` stands in counts for the next chunk, of which it may be the beginning.
        first = max(first + 1, bisect_right(units, end) - 1 - rule.overlap)


def _place(units: list[int], number: int, text: str) -> int:
    """Where unit `number` begins. The first chunk begins with the text, whatever the tokenizer skips there."""
    if number == 0:
        return 0
    return units[number] if number < len(units) else len(text)


def _borders(pattern: re.Pattern[str], text: str) -> list[int]:
    return [found.end() for found in pattern.finditer(text)]


def _best_border(borders: list[list[int]], after: int, limit: int) -> int:
    """The last border of the best kind in (after, limit]; the limit itself where there is none."""
    for places in borders:
        index = bisect_right(places, limit)
        if index and places[index - 1] > after:
            return places[index - 1]
    return limit


def _headings(text: str) -> list[tuple[int, tuple[str, ...]]]:
    """Where each Markdown heading begins, and the path of headings that it opens; not in fenced code."""
    fences = [found.start() for found in _FENCE.finditer(text)]
    path: list[tuple[int, str]] = []
    found: list[tuple[int, tuple[str, ...]]] = []
    for heading in _HEADING.finditer(text):
        if bisect_right(fences, heading.start()) % 2:
            continue
        level = len(heading[1])
        path = [(other, title) for other, title in path if other < level]
        path.append((level, heading[2][:200]))
        found.append((heading.start(), tuple(title for _, title in path)))
    return found


def _over(headings: list[tuple[int, tuple[str, ...]]], begin: int) -> tuple[str, ...]:
    """The headings that `begin` stands under; a heading that stands just there included."""
    index = bisect_right(headings, begin, key=lambda heading: heading[0])
    return headings[index - 1][1] if index else ()
