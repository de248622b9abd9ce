"""How much at a time: requests a minute of each key, answers under way of each endpoint, with a line before them."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from brewslm.api.gateway.errors import GatewayError
from brewslm.core.serving.host import EndpointSettings


class Rates:
    """A bucket for each key: it holds a minute's requests, and fills steadily."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with full buckets."""
        self._clock = clock
        self._buckets: dict[int, tuple[float, float]] = {}

    def spend(self, key_id: int, per_minute: int) -> None:
        """Take one.

        Raises:
            GatewayError: there is none left; it says when there will be.
        """
        now = self._clock()
        left, at = self._buckets.get(key_id, (float(per_minute), now))
        left = min(float(per_minute), left + (now - at) * per_minute / 60.0)
        if left < 1.0:
            self._buckets[key_id] = (left, now)
            wait = (1.0 - left) * 60.0 / per_minute
            message = f"Rate limit reached: {per_minute} requests a minute for this key. Try again in {wait:.1f} s."
            raise GatewayError(429, message, code="rate_limit_exceeded", retry_after=wait)
        self._buckets[key_id] = (left - 1.0, now)


class Turnstile:
    """Lets so many in at a time; others wait in the order in which they came."""

    def __init__(self) -> None:
        """Begin empty."""
        self._num_inside = 0
        self._line: deque[asyncio.Future[None]] = deque()

    async def enter(self, settings: EndpointSettings) -> None:
        """Wait for a turn; whoever got one calls `leave` once.

        Raises:
            GatewayError: the line is full, or the turn did not come in time.
        """
        if self._num_inside < settings.max_streams and not self._line:
            self._num_inside += 1
            return
        if len(self._line) >= settings.max_queued:
            message = f"The endpoint is busy: {self._num_inside} answers are being made, and {len(self._line)} wait."
            raise GatewayError(429, message, code="overloaded", retry_after=5)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            async with asyncio.timeout(settings.queue_seconds):
                await turn
        except TimeoutError as error:
            self._give_up(turn)
            message = f"No answer could be begun within {settings.queue_seconds:g} s; the endpoint is busy."
            raise GatewayError(429, message, code="overloaded", retry_after=5) from error
        except asyncio.CancelledError:
            self._give_up(turn)
            raise

    def leave(self) -> None:
        """Hand the place to the next in line, or leave it free."""
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._num_inside -= 1

    def _give_up(self, turn: "asyncio.Future[None]") -> None:
        """Wait no longer; where the turn came at this very moment, hand it on."""
        if turn.done() and not turn.cancelled():
            self.leave()
        elif turn in self._line:
            self._line.remove(turn)
