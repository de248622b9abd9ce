"""The live stream: one reader of the ledger for all clients, a ring of frames that they share, and a cursor for each.

A client is a cursor and a socket. It takes what it has not got from the ring; one that has fallen behind the ring, or
has just come, reads pages of the ledger until it is there. Nothing is queued for it, so a slow one costs nobody.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from brewslm.core.errors import BrewError
from brewslm.core.ports.reading.feed import Cursor, JobState, Scope
from brewslm.services.streams.frames import Frame, text_of_end, text_of_state
from brewslm.services.streams.streams import Batch, Streams

log = logging.getLogger(__name__)

RING_FRAMES = 4096
RING_BYTES = 8 << 20
POLL_SECONDS = 0.1
BEAT_SECONDS = 15.0
BEGIN_AGAIN_SECONDS = 1.0
END = "end"

Result = TypeVar("Result")


class Ring:
    """The newest frames, in the order in which they were read."""

    def __init__(self, start: Cursor) -> None:
        """Begin empty: a reader at `start` has everything before it."""
        self.start = start
        self.first = 0
        """The number of the oldest frame that is kept, counted from the beginning of this ring."""
        self._frames: list[Frame] = []
        self._num_bytes = 0

    @property
    def end(self) -> int:
        """The number that the next frame will have."""
        return self.first + len(self._frames)

    def add(self, frame: Frame) -> None:
        """Take in a frame, and let go of the oldest where there are too many."""
        self._frames.append(frame)
        self._num_bytes += len(frame.text)
        if len(self._frames) > 2 * RING_FRAMES or self._num_bytes > RING_BYTES:
            self._shorten()

    def since(self, number: int) -> Iterator[Frame]:
        """Yield the frames from this number on."""
        for index in range(max(number - self.first, 0), len(self._frames)):
            yield self._frames[index]

    def _shorten(self) -> None:
        excess = max(len(self._frames) - RING_FRAMES, 0)
        num_bytes = sum(len(frame.text) for frame in self._frames[:excess])
        while self._num_bytes - num_bytes > RING_BYTES // 2 and excess < len(self._frames) - 1:
            num_bytes += len(self._frames[excess].text)
            excess += 1
        for frame in self._frames[:excess]:
            self.start = Cursor(max(self.start.event, frame.event), max(self.start.metric, frame.metric))
        self._frames = self._frames[excess:]
        self._num_bytes -= num_bytes
        self.first += excess


class Hub:
    """Reads the ledger while somebody follows it, and wakes those who do."""

    def __init__(self, streams: Streams, *, is_stopping: Callable[[], bool]) -> None:
        """Bind it; nothing is read yet. `is_stopping` says whether the server is about to close."""
        self.streams = streams
        self.ring = Ring(Cursor())
        self.beat = 0
        self.progress: dict[int, tuple[int, JobState, bytes]] = {}
        """Of running jobs: a number that rises with every change, the state, and the frame."""
        self._is_stopping = is_stopping
        self._is_closing = False
        self._changed = asyncio.Event()
        self._num_followers = 0
        self._reader: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._cursor = Cursor()
        self._is_behind = False
        self._num_states = 0
        self._ended: dict[int, str] = {}
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="streams")
        """Of its own, so that requests that wait for the ledger do not keep streams from it."""

    async def call(self, function: Callable[..., Result], *arguments: Any) -> Result:  # noqa: ANN401 - any
        """Run a reading of the ledger in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Keep the reader going for as long as the block runs."""
        self._num_followers += 1
        if self._reader is None:
            self._ready = asyncio.Event()
            self._reader = asyncio.create_task(self._read())
            self._reader.add_done_callback(_report)
        try:
            await self._ready.wait()
            yield
        finally:
            self._num_followers -= 1

    @property
    def is_open(self) -> bool:
        """Whether the ledger is being read, so that there is something to wait for."""
        return self._reader is not None and not self._is_closing

    @property
    def is_closing(self) -> bool:
        """Whether the server is about to close."""
        return self._is_closing or self._is_stopping()

    def close(self) -> None:
        """End every stream, and give the threads back."""
        self._is_closing = True
        self._wake()
        self._threads.shutdown(wait=False)

    async def change(self) -> None:
        """Wait until there is something new, or it is time for a sign of life."""
        await self._changed.wait()

    def states_since(self, number: int) -> tuple[int, list[tuple[JobState, bytes]]]:
        """The states that changed after `number`, and the number to ask with the next time."""
        found = [(state, text) for changed, state, text in self.progress.values() if changed > number]
        return self._num_states, found

    async def _read(self) -> None:
        try:
            await self._begin()
            self._ready.set()
            beat_at = time.monotonic() + BEAT_SECONDS
            while self._num_followers and not self._is_closing:
                await asyncio.sleep(POLL_SECONDS)
                if self._is_stopping():
                    self._is_closing = True
                is_new = await self._catch_up()
                if time.monotonic() >= beat_at:
                    beat_at += BEAT_SECONDS
                    self.beat += 1
                    is_new = True
                if is_new or self._is_closing:
                    self._wake()
        finally:
            self._reader = None
            self._ready.set()
            self._wake()

    async def _begin(self) -> None:
        """Fill the ring with what is new, so that clients of a server that was started again find their place in it."""
        newest = await self._newest()
        back = RING_FRAMES // 2
        self._cursor = Cursor(max(newest.event - back, 0), max(newest.metric - back, 0))
        self.ring = Ring(self._cursor)
        self._ended.clear()
        self._is_behind = True
        await self._catch_up()

    async def _newest(self) -> Cursor:
        while True:
            try:
                return await self.call(self.streams.newest)
            except BrewError:
                log.exception("the ledger cannot be read for followers; trying again")
                await asyncio.sleep(BEGIN_AGAIN_SECONDS)

    async def _catch_up(self) -> bool:
        try:
            self._is_behind = await self.call(self.streams.has_changed) or self._is_behind
            if not self._is_behind:
                return False
            is_new = await self._take_pages()
        except BrewError:
            log.exception("the ledger could not be read for followers; trying again")
            return False
        self._is_behind = False
        return is_new

    async def _take_pages(self) -> bool:
        before = (self.ring.end, self._num_states)
        while True:
            batch = await self.call(self.streams.page, Scope(), self._cursor)
            self._take(batch)
            if batch.is_whole:
                return (self.ring.end, self._num_states) != before

    def _take(self, batch: Batch) -> None:
        for frame in batch.frames:
            self.ring.add(frame)
        self._cursor = batch.cursor
        self._ended |= batch.ended
        self._keep_states(batch.states)
        if batch.is_whole:
            for job_id, status in self._ended.items():
                self.ring.add(Frame(0, 0, None, job_id, None, END, 0.0, text_of_end(job_id, status)))
            self._ended.clear()

    def _keep_states(self, states: list[JobState]) -> None:
        known = self.progress
        self.progress = {}
        for state in states:
            kept = known.get(state.id)
            if kept is None or kept[1].version != state.version:
                self._num_states += 1
                kept = (self._num_states, state, text_of_state(state))
            self.progress[state.id] = kept

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _report(reader: asyncio.Task[None]) -> None:
    if not reader.cancelled() and (mistake := reader.exception()) is not None:
        log.error("streams ended by a mistake of BrewSLM", exc_info=mistake)
