"""Finds the parts of a JSON array or object without parsing them, so that one bad part does not spoil the others."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[\[\]{},]')
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Part:
    """One element of an array, or one `"key": value` of an object: a span of the text without space around it."""

    start: int
    end: int
    is_closed: bool = True
    """False where the text ends before the bracket around it closes."""


def parts_of(text: str, start: int) -> Iterator[Part]:
    """Yield what stands between the commas of the array or object that opens at `start`.

    Brackets and complete strings are followed; a string ends at its line at the latest, as JSON says. A comma before
    the closing bracket is passed over.
    """
    depth, begin = 0, start + 1
    for token in _TOKEN.finditer(text, start):
        mark = token.group()
        if mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
            if depth == 0:
                yield from _trimmed(text, begin, token.start())
                return
        elif mark == "," and depth == 1:
            yield from _trimmed(text, begin, token.start())
            begin = token.end()
    yield from (Part(part.start, part.end, is_closed=False) for part in _trimmed(text, begin, len(text)))


def skip_space(text: str, start: int) -> int:
    """The position of the first character at or after `start` that is no JSON white space."""
    match = _SPACE.match(text, start)
    return match.end() if match else start


def _trimmed(text: str, start: int, end: int) -> Iterator[Part]:
    start = skip_space(text, start)
    while end > start and text[end - 1] in " \t\r\n":
        end -= 1
    if end > start:
        yield Part(start, end)
