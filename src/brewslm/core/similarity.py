"""How alike texts are: the Jaccard index of their shingles.

A shingle is a run of words, kept as a 32-bit number. A sign of a script without spaces (Chinese, Japanese, Thai, …)
counts as a word.
"""

import re
import unicodedata
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from zlib import crc32

Shingles = frozenset[int]

_UNSPACED = "\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff"
_UNSPACED += "\\U00020000-\\U0003ffff"
_MARKS = "\\u0300-\\u036f\\u0591-\\u05c7\\u064b-\\u065f\\u0900-\\u0963\\u0966-\\u0dff"
_WORD = re.compile(rf"[{_UNSPACED}]|(?:[^\W_{_UNSPACED}]|[{_MARKS}])+")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_ODD, _MASK = 0x9E3779B1, 0xFFFFFFFF
_PART_MARKS = (0, 0x9E3779B9, 0x7F4A7C15, 0xBF58476D)


def normalised(text: str) -> str:
    """Unicode NFKC, case folded, white space collapsed: equal for spellings of the same."""
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def words_of(text: str) -> list[str]:
    """Return the words of a text, normalised; its signs where it has no word."""
    plain = normalised(text)
    words: list[str] = (_ASCII_WORD if plain.isascii() else _WORD).findall(plain)
    return words or plain.split()


def shingles_of(text: str, size: int = 1) -> Shingles:
    """Return the runs of 1 to `size` words: of size 1 the set of words, which knows no order."""
    numbers = [crc32(word.encode("utf-8", "surrogatepass")) for word in words_of(text)]
    found = set(numbers)
    runs = numbers
    for length in range(2, size + 1):
        # A run's number is made of that of the run without its last word, and of that word's.
        runs = [(run * _ODD ^ last) & _MASK for run, last in zip(runs, numbers[length - 1 :], strict=False)]
        found.update(runs)
    return frozenset(found)


def jaccard(one: AbstractSet[int], other: AbstractSet[int]) -> float:
    """Return the size of the intersection over that of the union; 1 for two empty sets."""
    shared = len(one & other)
    union = len(one) + len(other) - shared
    return shared / union if union else 1.0


def likeness(one: Sequence[Shingles], other: Sequence[Shingles]) -> float:
    """Return how alike two examples are that have parts (what is asked, what is answered): as their least alike part.

    Parts that differ in number are not alike at all.
    """
    if len(one) != len(other):
        return 0.0
    return min((jaccard(left, right) for left, right in zip(one, other, strict=True)), default=1.0)


def union_of(parts: Sequence[Shingles]) -> Shingles:
    """Return one set for all parts of an example, the same word of two parts being two members.

    Where every part of two examples has a Jaccard index of at least t, so have the unions: what is looked for in an
    index of unions misses no pair that `likeness` would find.
    """
    if not parts:
        return frozenset()
    marked = ({value ^ _PART_MARKS[place % 4] for value in part} for place, part in enumerate(parts[1:], start=1))
    return parts[0].union(*marked)
