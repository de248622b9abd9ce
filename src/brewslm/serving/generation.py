"""One answer on its way: what was asked, and what the engine tells of it."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from brewslm.serving.sampling import Choice, Sampling

FinishReason = Literal["stop", "length"]

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Token:
    """One more token of the answer, with the text that can be sent since."""

    choice: Choice
    text: str
    is_hidden: bool = False
    """Whether it ends the turn, so that it is no part of the text."""


@dataclass(frozen=True, slots=True)
class End:
    """The answer is over."""

    reason: FinishReason
    text: str = ""
    """What had been held back."""
    num_tokens: int | None = None
    """Of the whole answer, where not each of them was told: llama.cpp tells those of one character together."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """The prompt was read; where that was asked for, with the likelihood of its tokens."""

    choices: tuple[Choice, ...] = ()
    """One for each token but the first."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The engine broke; the process ends, and is started again."""

    message: str


Event = Token | End | Prompt | Failed


@dataclass(slots=True)
class Generation:
    """What was asked for. The engine calls `tell` from a thread of its own."""

    prompt: Sequence[int]
    max_tokens: int
    tell: Callable[[Event], None]
    sampling: Sampling = field(default_factory=Sampling)
    stops: Sequence[str] = ()
    adapter: str | None = None
    is_echoed: bool = False
    """Whether the likelihood of the prompt's own tokens is wanted."""
    number: int = field(default_factory=lambda: next(_numbers))
    is_cancelled: bool = False
    """Set by whoever no longer wants the answer; the engine looks before every step."""


class Engine(Protocol):
    """Makes answers, many at a time."""

    def submit(self, generation: Generation) -> None:
        """Take a generation in; it waits for its turn where there are too many."""

    def load(self) -> tuple[int, int]:
        """Return how many answers are under way, and how many wait."""

    def close(self) -> None:
        """Stop."""
