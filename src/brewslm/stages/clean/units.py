"""What the size of a chunk is counted in: tokens of a base model, words, or characters."""

import re
from collections.abc import Callable
from pathlib import Path

from brewslm.core.artifacts.cleaning import ChunkRule
from brewslm.core.errors import BaseModelError

Starts = Callable[[str], list[int]]
"""Where the units of a text begin, ascending."""

_WORD = re.compile(r"\S+")
_SIGN = re.compile(r"\S")
_BLOCK = 100_000
"""So many characters go to a tokenizer at once."""


def unit_starts(rule: ChunkRule, locate: Callable[[str], Path]) -> Starts:
    """Return the function that says where units begin. White space counts for nothing by itself.

    Raises:
        BaseModelError: the base model whose tokens count cannot be found or read.
    """
    match rule.unit:
        case "characters":
            return lambda text: [found.start() for found in _SIGN.finditer(text)]
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
            found += [_behind_space(text, begin + first, begin + end) for first, end in encoded.offsets]
        return sorted(found)

    return starts


def _behind_space(text: str, start: int, end: int) -> int:
    """Where a token's own signs begin; where it is white space only, its beginning."""
    sign = _SIGN.search(text, start, end)
    return sign.start() if sign else start
