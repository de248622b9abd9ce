"""Cuts a document into chunks that end where a reader would pause.

A chunk has at most `size` tokens. It ends at the last heading or paragraph of its second half; where there is none, at
the last sentence of its last three quarters; where there is none, between two words; and only inside a word that is
longer than a chunk between two tokens. The next chunk begins up to `overlap` tokens before that end, at the beginning
of a sentence, or of a word where one sentence is longer than that. Every character of the document is in a chunk.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

_HEADING = re.compile(r"^(#{1,6})[ \t]+(\S.*?)[ \t]*#*[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"^(?:```|~~~)", re.MULTILINE)
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_SENTENCE = re.compile(
    "(?:[.!?\u2026]+[\"'\u201d\u2019\u00bb)\\]]*\\s+)|(?:[\u3002\uff01\uff1f]+[\u300d\u300f\u201d\u2019\uff09]*\\s*)"
)
"""Latin punctuation needs a space behind it, that of Chinese and Japanese does not."""
_WORD = re.compile(r"\s+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|Prof|St|Sr|Jr|No|Nr|vs|cf|e\.g|i\.e|etc|approx|Fig|bzw|z\.B|p\.ej|Sra?)|\b[A-Z])\.\s+\Z"
)
_LOOK_BACK = 16
"""Characters before a sentence's end in which an abbreviation is looked for."""


def headings_of(text: str) -> list[re.Match[str]]:
    """Return the Markdown headings; a comment in fenced code is none."""
    fences = [match.start() for match in _FENCE.finditer(text)]
    return [match for match in _HEADING.finditer(text) if bisect_right(fences, match.start()) % 2 == 0]


class _Rank(IntEnum):
    """How good a place for a cut is."""

    WORD = 0
    SENTENCE = 1
    PARAGRAPH = 2
    HEADING = 3


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document: the characters from `start` up to `end`."""

    start: int
    end: int
    headings: tuple[str, ...]
    """The headings under which it begins, the outermost first."""


class _Places:
    """Where a document may be cut."""

    def __init__(self, text: str) -> None:
        ranks: dict[int, _Rank] = {match.end(): _Rank.WORD for match in _WORD.finditer(text)}
        for match in _SENTENCE.finditer(text):
            if not _ABBREVIATION.search(text, max(0, match.end() - _LOOK_BACK), match.end()):
                ranks[match.end()] = _Rank.SENTENCE
        behind_headings: set[int] = set()
        ranks |= {match.end(): _Rank.PARAGRAPH for match in _PARAGRAPH.finditer(text)}
        for match in headings_of(text):
            if match.start() not in behind_headings:
                ranks[match.start()] = _Rank.HEADING
            # A heading stays with what it is the heading of.
            space = _WORD.match(text, match.end())
            behind_headings.add(space.end() if space else match.end())
        ranks |= dict.fromkeys(behind_headings, _Rank.WORD)
        self._by_rank = {
            rank: sorted(place for place, best in ranks.items() if best >= rank and 0 < place < len(text))
            for rank in _Rank
        }

    def last(self, rank: _Rank, after: int, upto: int) -> int | None:
        """The last place of this rank or a better one, behind `after`, not behind `upto`."""
        places = self._by_rank[rank]
        index = bisect_right(places, upto) - 1
        return places[index] if index >= 0 and places[index] > after else None

    def first(self, rank: _Rank, at: int, before: int) -> int | None:
        """The first place of this rank or a better one, from `at` on, before `before`."""
        places = self._by_rank[rank]
        index = bisect_left(places, at)
        return places[index] if index < len(places) and places[index] < before else None


def chunk(text: str, token_starts: Sequence[int], *, size: int, overlap: int) -> list[Chunk]:
    """Cut `text` into chunks of at most `size` tokens that share up to `overlap` tokens with the one before.

    Args:
        text: the document.
        token_starts: the first character of each token that is no white space, ascending.
        size: the most tokens of a chunk, from 1.
        overlap: the most tokens that a chunk shares with the one before; less than half of `size`.

    Raises:
        ValueError: size or overlap cannot be kept.
    """
    if size < 1 or not 0 <= overlap * 2 < size:
        message = f"chunks of {size} tokens cannot share {overlap}: the overlap has to be less than half of the size"
        raise ValueError(message)
    places = _Places(text)
    headings = headings_of(text)
    chunks: list[Chunk] = []
    start = 0
    while start < len(text):
        done = chunks[-1].end if chunks else start
        end = _end(text, start, token_starts, places, size=size, done=done)
        chunks.append(Chunk(start, end, _headings_at(headings, start)))
        start = end if end == len(text) else _next_start(start, end, token_starts, places, overlap)
    return chunks


def _end(text: str, start: int, tokens: Sequence[int], places: _Places, *, size: int, done: int) -> int:
    """The best end behind `done`, where the chunk before ends."""
    first = bisect_left(tokens, start)
    if first + size >= len(tokens):
        return len(text)
    limit = tokens[first + size]
    half, quarter = tokens[first + size // 2], tokens[first + size // 4]
    found = places.last(_Rank.PARAGRAPH, max(done, half - 1), limit)
    found = found or places.last(_Rank.SENTENCE, max(done, quarter - 1), limit)
    return found or places.last(_Rank.WORD, done, limit) or limit


def _next_start(start: int, end: int, tokens: Sequence[int], places: _Places, overlap: int) -> int:
    earliest = tokens[max(0, bisect_left(tokens, end) - overlap)] if overlap else end
    if earliest <= start or earliest >= end:
        return end
    found = places.first(_Rank.SENTENCE, earliest, end)
    return found or places.first(_Rank.WORD, earliest, end) or end


def _headings_at(headings: Sequence[re.Match[str]], start: int) -> tuple[str, ...]:
    open_: list[tuple[int, str]] = []
    for match in headings:
        if match.start() > start:
            break
        level = len(match.group(1))
        open_ = [(above, title) for above, title in open_ if above < level]
        open_.append((level, match.group(2)))
    return tuple(title for _, title in open_)
