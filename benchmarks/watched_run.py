"""A real training that is watched in a browser beside a thousand other readers, all of whom drop their connections.

    python -m benchmarks.watched_run [--readers 1000] [--steps 200]

In mid-run the server is killed, and another one takes its place. At the end everybody must have every row of the ledger
once and in order: the readers their frames, the page its log and its curve. Memory and processor time are the servers'.
"""

import argparse
import asyncio
import random
import re
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.chromium import chromium
from tests.browser.test_live_run import begin, signed_in
from tests.browser.watching import check_whole, shown_step
from tests.journeys.brew import LONG, Brew, Server, write_chat

STAY_SECONDS = 30.0
"""A reader keeps its connection for about so long."""
TOLD = ("log", "eval", "baseline", "started", "checkpoint")
FRAMES = re.compile(rb"^event: (training\.log|training\.started|checkpoint\.saved)$", re.MULTILINE)
SEQ = re.compile(rb'"seq":(\d+)')
AT_ONCE = 50


@dataclass
class Reader:
    """One of many, and which rows it has seen."""

    port: int
    path: str
    chance: random.Random
    seqs: list[int] = field(default_factory=list)
    last_id: str = ""
    num_connections: int = 0
    is_over: bool = False

    async def read(self, door: asyncio.Semaphore) -> None:
        """Read to the end of the run, through connections that are dropped at random."""
        while not self.is_over:
            try:
                async with asyncio.timeout(1 + self.chance.expovariate(1 / STAY_SECONDS)):
                    await self._connection(door)
            except (TimeoutError, OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(self.chance.random())

    async def _connection(self, door: asyncio.Semaphore) -> None:
        async with door:
            stream, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)
        self.num_connections += 1
        try:
            place = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
            head = f"Host: 127.0.0.1:{self.port}\r\nAccept: text/event-stream\r\n{place}"
            writer.write(f"GET {self.path} HTTP/1.1\r\n{head}\r\n".encode())
            status = await stream.readuntil(b"\r\n\r\n")
            self.is_over = b" 204 " in status[:20]
            rest = b""
            while not self.is_over and (chunk := await stream.read(1 << 16)):
                *blocks, rest = (rest + chunk).split(b"\n\n")
                for block in blocks:
                    self._take(block)
        finally:
            writer.close()

    def _take(self, block: bytes) -> None:
        place = block.find(b"id: ")
        if place >= 0:
            self.last_id = block[place + 4 :].split(b"\n", 1)[0].decode()
        if FRAMES.search(block) and (found := SEQ.search(block)):
            self.seqs.append(int(found[1]))
        self.is_over = self.is_over or b"event: end" in block


class Crowd(threading.Thread):
    """The readers, in a thread beside the one that drives the browser."""

    def __init__(self, readers: list[Reader]) -> None:
        """Bind them."""
        super().__init__(name="readers")
        self.readers = readers

    def run(self) -> None:
        """Read until every one of them has seen the end."""
        asyncio.run(self._all())

    async def _all(self) -> None:
        door = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(reader.read(door) for reader in self.readers))


def main() -> None:
    """Train, and look on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:
        brew = Brew(Path(folder) / "home")
        brew.run("project", "create", "--name", "sums")
        brew.run("dataset", "import", "--project", "1", str(write_chat(Path(folder) / "sums.jsonl")))
        try:
            with chromium() as browser:
                context = browser.new_context()
                context.set_default_timeout(600_000)
                expect.set_options(timeout=600_000)
                watch(context, brew, options)
        finally:
            brew.end_workers()


def watch(context: BrowserContext, brew: Brew, options: argparse.Namespace) -> None:
    """Watch a training to its end beside the readers, and compare what everybody has."""
    with brew.server() as server:
        page = signed_in(context, server).page
        _, train_id = begin(server, brew, {**LONG, "data.total_steps": options.steps})
        port, path = int(server.url.rsplit(":", 1)[1]), f"/api/jobs/{train_id}/events"
        chance = random.Random(options.seed)
        crowd = Crowd([Reader(port, path, random.Random(chance.random())) for _ in range(options.readers)])
        began = time.monotonic()
        crowd.start()
        page.goto(f"{server.url}/#/jobs/{train_id}")
        shown_step(page, options.steps // 3)
        used = [Used.by(server)]
        server.process.kill()
        server.process.wait(60)
        expect(page.get_by_text("Event stream interrupted")).to_be_visible()
    with brew.server(port=port) as server:
        expect(page.get_by_text("Event stream interrupted")).to_have_count(0)
        expect(page.get_by_test_id("phase")).to_have_text("Completed")
        crowd.join()
        seconds = time.monotonic() - began
        used.append(Used.by(server))
        compare(page, server, train_id, crowd, seconds=seconds, num_steps=options.steps)
    for number, one in enumerate(used, start=1):
        print(f"server {number}: {one.seconds:.0f} CPU-seconds, {one.memory / 1e6:.0f} MB")


@dataclass(frozen=True, slots=True)
class Used:
    """What a server has used so far."""

    seconds: float
    """Of the processor, from its start."""
    memory: int
    """Bytes."""

    @classmethod
    def by(cls, server: Server) -> "Used":
        """Look at its process."""
        process = psutil.Process(server.process.pid)
        return cls(sum(process.cpu_times()[:2]), process.memory_info().rss)


def compare(page: Page, server: Server, train_id: int, crowd: Crowd, *, seconds: float, num_steps: int) -> None:
    """Set what the readers and the page have beside the ledger."""
    rows = server.get(f"/api/jobs/{train_id}/metrics")
    wanted = [row["seq"] for row in rows if row["kind"] in TOLD]
    found = [reader.seqs for reader in crowd.readers]
    print(
        f"{num_steps} steps, {len(wanted)} rows, {seconds:.0f} s; {len(found)} readers, "
        f"{sum(reader.num_connections for reader in crowd.readers)} connections: "
        f"{sum(len(set(wanted) - set(one)) for one in found)} missing, "
        f"{sum(len(one) - len(set(one)) for one in found)} double, "
        f"{sum(one != sorted(one) for one in found)} out of order"
    )
    check_whole(page, train_id, rows)
    print("the page has every row of the ledger once, and its status is completed")


if __name__ == "__main__":
    main()
