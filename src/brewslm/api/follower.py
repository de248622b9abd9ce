"""One client of the live stream: its place, what it wants to see, and its socket."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import Message, Receive, Send
from starlette.types import Scope as Connection

from brewslm.api.stream import END, Hub
from brewslm.core.errors import BrewError
from brewslm.core.ports.reading.feed import Cursor, JobState, Scope
from brewslm.services.streams.frames import Frame, text_of_end
from brewslm.services.streams.streams import Opening

log = logging.getLogger(__name__)

SEND_SECONDS = 30.0
"""How long a client may take to read what fits into its socket. Then it is let go; it resumes where it was."""
CHUNK_BYTES = 16_384
RETRY_MILLISECONDS = 2000
_ALIVE = b": alive\n\n"
_RESYNC = b'event: resync\ndata: {"type":"resync"}\n\n'

Write = Callable[[bytes], Awaitable[None]]


class Follower:
    """Takes frames from the ring, or from the ledger while it is behind the ring."""

    def __init__(self, hub: Hub, scope: Scope, opening: Opening, *, topics: frozenset[str]) -> None:
        """Begin at `opening`; empty `topics` means all."""
        self._hub = hub
        self._scope = scope
        self._topics = topics
        self._event, self._metric = opening.cursor.event, opening.cursor.metric
        self._is_reset = opening.is_reset
        self._is_only_past = opening.is_ended
        """Whether its job had ended when it came: the ring says no end of it any more."""
        self._number: int | None = None
        """The next frame of the ring; None until it has joined it."""
        self._states = 0
        self._beat = hub.beat
        self._is_over = False

    async def run(self, write: Write) -> None:
        """Send frames until the job ends, the server closes, or this task is cancelled."""
        greeting = f"retry: {RETRY_MILLISECONDS}\nid: {self._event}-{self._metric}\n\n".encode()
        await write(greeting + (_RESYNC if self._is_reset else b""))
        while self._hub.is_open and not self._is_over:
            if not self._is_in_reach():
                await self._read_page(write)
            elif chunk := self._take():
                await write(chunk)
            elif not self._is_over:
                await self._hub.change()
                if self._hub.beat != self._beat:
                    self._beat = self._hub.beat
                    await write(_ALIVE)

    def _is_in_reach(self) -> bool:
        """Whether the ring goes on where this client is."""
        ring = self._hub.ring
        if self._is_only_past or (self._number is not None and self._number < ring.first):
            return False
        return Cursor(self._event, self._metric).covers(ring.start)

    def _take(self) -> bytes:
        """The next frames of the ring, and the newest states where there are no more."""
        ring = self._hub.ring
        number = ring.first if self._number is None else self._number
        parts: list[bytes] = []
        num_bytes = 0
        for frame in ring.since(number):
            number += 1
            part = self._part(frame)
            if part:
                parts.append(part)
                num_bytes += len(part)
            if num_bytes > CHUNK_BYTES or self._is_over:
                break
        else:
            parts += self._newest_states()
        self._number = number
        return b"".join(parts)

    def _part(self, frame: Frame) -> bytes:
        """What this client gets of a frame, its place being moved behind it."""
        if frame.name == END:
            self._is_over = frame.job_id == self._scope.job_id
            return frame.text if self._is_over else b""
        if frame.event:
            if frame.event <= self._event:
                return b""
            self._event = frame.event
        else:
            if frame.metric <= self._metric:
                return b""
            self._metric = frame.metric
        if not self._is_wanted(frame):
            return b""
        return f"id: {self._event}-{self._metric}\n".encode() + frame.text

    def _is_wanted(self, frame: Frame) -> bool:
        if self._topics and frame.name.partition(".")[0] not in self._topics:
            return False
        if self._scope.job_id is not None:
            return self._scope.job_id in {frame.job_id, frame.parent_job_id}
        return self._scope.project_id is None or self._scope.project_id == frame.project_id

    def _newest_states(self) -> list[bytes]:
        self._states, states = self._hub.states_since(self._states)
        return [text for state, text in states if self._is_wanted_state(state)]

    def _is_wanted_state(self, state: JobState) -> bool:
        if self._topics and "job" not in self._topics:
            return False
        if self._scope.job_id is not None:
            return self._scope.job_id in {state.id, state.parent_id}
        return self._scope.project_id is None or self._scope.project_id == state.project_id

    async def _read_page(self, write: Write) -> None:
        """Send the next page of the ledger. A client that had been in the ring is told."""
        if self._number is not None:
            self._number = None
            await write(_RESYNC)
        batch = await self._hub.call(self._hub.streams.page, self._scope, Cursor(self._event, self._metric))
        parts: list[bytes] = []
        num_bytes = 0
        for frame in batch.frames:
            part = self._part(frame)
            parts.append(part)
            num_bytes += len(part)
            if num_bytes > CHUNK_BYTES:
                await write(b"".join(parts))
                parts, num_bytes = [], 0
        self._event, self._metric = batch.cursor.event, batch.cursor.metric
        if batch.is_whole and self._scope.job_id in batch.ended:
            self._is_over = True
            parts.append(text_of_end(self._scope.job_id, batch.ended[self._scope.job_id]))
        if any(parts):
            await write(b"".join(parts))


class StreamResponse(Response):
    """The answer that does not end by itself."""

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, follower: Follower) -> None:
        """Answer with what `follower` sends."""
        super().__init__(headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"})
        del self.headers["content-length"]
        self._hub = hub
        self._follower = follower

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Send frames until there are no more, or until the client has gone."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        following = asyncio.create_task(self._follow(send))
        leaving = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait({following, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            following.cancel()
            leaving.cancel()
            await asyncio.gather(following, leaving, return_exceptions=True)

    async def _follow(self, send: Send) -> None:
        async def write(chunk: bytes) -> None:
            message: Message = {"type": "http.response.body", "body": chunk, "more_body": True}
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        try:
            async with self._hub.following():
                await self._follower.run(write)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            log.info("a follower did not read for %g s and was let go", SEND_SECONDS)
        except BrewError:
            log.exception("a follower was let go")
        except OSError:
            pass


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
