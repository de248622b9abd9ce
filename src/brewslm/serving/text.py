"""From tokens to text, piece by piece: whole characters only, and never a part of a stop string."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

UNFINISHED = "\ufffd"

Decode = Callable[[Sequence[int]], str]


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that can be sent."""

    text: str
    is_stopped: bool = False
    """Whether a stop string came next; it is not part of the text."""


class Writer:
    """Turns the tokens of one answer into text."""

    def __init__(self, decode: Decode, stops: Sequence[str] = ()) -> None:
        """Begin an empty answer.

        Args:
            decode: spells tokens.
            stops: strings that end the answer, wherever the borders of tokens lie.
        """
        self._decode = decode
        self._stops = tuple(stop for stop in stops if stop)
        self._tokens: list[int] = []
        self._begin = 0
        """The first token that is spelled again, so that spaces between tokens come out right."""
        self._read = 0
        """Tokens before it are in the text."""
        self._held = ""

    @property
    def num_held(self) -> int:
        """How many characters are known and held back."""
        return len(self._held)

    def add(self, token: int) -> Piece:
        """Take in a token; return what can be sent now."""
        self._tokens.append(token)
        before = self._decode(self._tokens[self._begin : self._read])
        after = self._decode(self._tokens[self._begin :])
        if len(after) <= len(before) or after.endswith(UNFINISHED):
            return Piece("")
        self._begin, self._read = self._read, len(self._tokens)
        return self.release(after[len(before) :])

    def end(self) -> Piece:
        """Return what was held back, at the end of the answer."""
        before = self._decode(self._tokens[self._begin : self._read])
        after = self._decode(self._tokens[self._begin :])
        piece = self.release(after[len(before) :])
        if piece.is_stopped:
            return piece
        rest, self._held = self._held, ""
        return Piece(piece.text + rest)

    def release(self, new: str) -> Piece:
        """Take in text; return what can be sent now."""
        text = self._held + new
        found = [place for place in (text.find(stop) for stop in self._stops) if place >= 0]
        if found:
            self._held = ""
            return Piece(text[: min(found)], is_stopped=True)
        num_held = max((_overlap(text, stop) for stop in self._stops), default=0)
        cut = len(text) - num_held
        self._held = text[cut:]
        return Piece(text[:cut])


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of the text may be the beginning of the stop string."""
    longest = min(len(text), len(stop) - 1)
    return next((length for length in range(longest, 0, -1) if stop.startswith(text[-length:])), 0)
