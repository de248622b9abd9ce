"""Gathering what the engine tells of the choices of one request, and what is measured on the way."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from brewslm.core.serving.measured import Measured
from brewslm.serving.generation import End, Engine, Event, Failed, FinishReason, Generation, Prompt, Token
from brewslm.serving.sampling import Choice


@dataclass(slots=True)
class Spelled:
    """A token with the place of its text."""

    choice: Choice
    offset: int
    is_hidden: bool = False
    """Whether it ended the answer, so that it has no text."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is new of one choice."""

    index: int
    text: str
    tokens: tuple[Spelled, ...] = ()
    echoed: tuple[Choice, ...] | None = None
    reason: FinishReason | None = None


@dataclass(slots=True)
class _Progress:
    """One choice: how much text was sent, and the tokens whose text was not sent yet."""

    num_sent: int = 0
    num_known: int = 0
    num_tokens: int = 0
    held: list[Spelled] = field(default_factory=list)
    reason: FinishReason | None = None

    def take(self, index: int, event: Token | End) -> Part:
        """Return what can be sent now. A token goes with the text that it begins."""
        if isinstance(event, Token):
            self.held.append(Spelled(event.choice, self.num_known, event.is_hidden))
        self.num_sent += len(event.text)
        self.num_known = max(self.num_known, self.num_sent)
        if isinstance(event, End):
            self.reason = event.reason
        ready = tuple(one for one in self.held if self._can_go(one))
        self.held = [one for one in self.held if not self._can_go(one)]
        return Part(index, event.text, ready, reason=self.reason)

    def _can_go(self, one: Spelled) -> bool:
        """Whether the text of a token was sent, or none is to come. What a stop string hides never goes."""
        is_last = self.reason == "length" or (self.reason is not None and one.is_hidden)
        return is_last or (one.offset < self.num_sent and not one.is_hidden)


class BrokenError(Exception):
    """The engine broke in the middle of an answer."""


class Answers:
    """The choices of one request. Whoever leaves the block early cancels them."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        """Bind it; nothing is asked for yet."""
        self._engine = engine
        self._clock = clock
        self._began_at = clock()
        self._first_at: float | None = None
        self._ended_at: float | None = None
        self._generations: list[Generation] = []
        self._progress: list[_Progress] = []
        self._logprobs: list[float] = []
        self._num_prompt_tokens = 0
        self._events: asyncio.Queue[tuple[int, Event]] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    @property
    def num_completion_tokens(self) -> int:
        """Tokens of all answers."""
        return sum(one.num_tokens for one in self._progress)

    @property
    def num_prompt_tokens(self) -> int:
        """Tokens of every prompt; one that has several choices counts once."""
        return self._num_prompt_tokens

    def ask(self, make: Callable[[int, Callable[[Event], None]], Generation], *, is_same_prompt: bool) -> None:
        """Add a choice; `make` gets its number and whom to tell."""
        index = len(self._generations)

        def tell(event: Event) -> None:
            self._loop.call_soon_threadsafe(self._events.put_nowait, (index, event))

        generation = make(index, tell)
        self._generations.append(generation)
        self._progress.append(_Progress())
        self._num_prompt_tokens += 0 if is_same_prompt else len(generation.prompt)

    async def parts(self) -> AsyncIterator[Part]:
        """Submit all, and yield what comes until every choice is over.

        Raises:
            BrokenError: the engine broke.
        """
        for generation in self._generations:
            self._engine.submit(generation)
        try:
            while any(one.reason is None for one in self._progress):
                index, event = await self._events.get()
                if isinstance(event, Failed):
                    raise BrokenError(event.message)
                part = self._take(index, event)
                if part is not None:
                    yield part
        finally:
            self._ended_at = self._clock()
            for generation in self._generations:
                generation.is_cancelled = True

    def measured(self) -> Measured:
        """What it took."""
        reasons = {one.reason or "cancelled" for one in self._progress}
        return Measured(
            prompt_tokens=self._num_prompt_tokens,
            completion_tokens=self.num_completion_tokens,
            first_token_seconds=None if self._first_at is None else self._first_at - self._began_at,
            seconds=(self._ended_at or self._clock()) - self._began_at,
            finish_reason=next(iter(reasons)) if len(reasons) == 1 else "mixed",
            mean_logprob=sum(self._logprobs) / len(self._logprobs) if self._logprobs else None,
        )

    def _take(self, index: int, event: Event) -> Part | None:
        if isinstance(event, Prompt):
            return Part(index, "", echoed=event.choices) if self._generations[index].is_echoed else None
        assert not isinstance(event, Failed)  # noqa: S101 - told before
        progress = self._progress[index]
        if isinstance(event, Token):
            self._first_at = self._first_at or self._clock()
            self._logprobs.append(event.choice.logprob)
            progress.num_tokens += 1
        elif event.num_tokens is not None:
            progress.num_tokens = event.num_tokens
        return progress.take(index, event)


def whole(parts: Sequence[Part], index: int) -> Part:
    """Put the parts of one choice together."""
    own = [part for part in parts if part.index == index]
    return Part(
        index,
        "".join(part.text for part in own),
        tuple(token for part in own for token in part.tokens),
        echoed=next((part.echoed for part in own if part.echoed is not None), None),
        reason=own[-1].reason if own else None,
    )
