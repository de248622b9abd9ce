"""The live stream under load: what a real server does for many clients, slow ones among them, and across its own kills.

    python -m benchmarks.streams [--clients 1000] [--seconds 20] [--rate 25] [--restarts 3] [--slow 0]
    python -m benchmarks.streams --replay 100000
    python -m benchmarks.streams --idle 30

Clients are sockets in this process. Each reads with Last-Event-ID, some drop their connection at random, and at the
end each is asked for every frame, once and in order. Latency is from the commit to the socket of a client, of frames
that came while it was connected. A slow client never reads. Memory and processor time are the server's.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.house import House
from brewslm.bootstrap.settings import Settings
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import ProjectCreated
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import RunId
from brewslm.core.ports.storage import MetricRow
from brewslm.services.recording import Origin, emit_event
from brewslm.services.requests import AutopilotRequest

RUN = RunId("stream-bench")
LAST_SECONDS = 60.0
RUN_BYTES = b'"runId":"stream-bench"'


class Server:
    """A real server on a workspace, killed and started again on the same port."""

    def __init__(self, home: Path) -> None:
        self.home, self.port, self.cpu_seconds, self.peak_bytes = home, 0, 0.0, 0
        self.start()

    def start(self) -> None:
        environment = {**os.environ, "BREWSLM_HOME": str(self.home), "HF_HUB_OFFLINE": "1"}
        words = [sys.executable, "-m", "brewslm.api", "--port", str(self.port)]
        self.process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = int(line.rsplit(":", 1)[1])
        self.seen = psutil.Process(self.process.pid)

    def look(self) -> None:
        self.peak_bytes = max(self.peak_bytes, self.seen.memory_info().rss)

    def used(self) -> float:
        times = self.seen.cpu_times()
        return self.cpu_seconds + times.user + times.system

    def kill(self) -> None:
        self.cpu_seconds = self.used()
        self.process.kill()
        self.process.wait()


def asking(port: int, path: str, more: str = "") -> bytes:
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n"
    return f"{head}{more}\r\n".encode()


@dataclass
class Client:
    """What one client has seen."""

    port: int
    path: str
    is_slow: bool = False
    seqs: list[int] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    last_id: str = ""
    is_live: bool = False
    num_connections: int = 0

    async def follow(self, chance: random.Random, stop_at: float, written: list[int]) -> None:
        """Drop the connection at random until `stop_at`, and then stay until everything is there."""
        while (left := stop_at - time.monotonic()) > 0 or (not self.is_slow and self.seqs[-1:] != written[-1:]):
            if left < -LAST_SECONDS:
                return
            try:
                async with asyncio.timeout(min(chance.expovariate(1 / 20), left) if left > 0 else 1):
                    await self._connection()
            except (TimeoutError, OSError, asyncio.IncompleteReadError, ValueError):
                await asyncio.sleep(chance.random() / 5)

    async def _connection(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)
        self.num_connections += 1
        try:
            resume = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
            head = (
                f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAccept: text/event-stream\r\n{resume}\r\n"
            )
            writer.write(head.encode())
            await reader.readuntil(b"\r\n\r\n")
            if self.is_slow:
                await asyncio.sleep(3600)
            connected_at = time.time()
            rest = b""
            while chunk := await reader.read(1 << 16):
                *blocks, rest = (rest + chunk).split(b"\n\n")
                for block in blocks:
                    self._take(block, connected_at)
        finally:
            writer.close()

    def _take(self, block: bytes, connected_at: float) -> None:
        """Read what is needed without a JSON parser: a thousand clients share one process here."""
        place = block.find(b"id: ")
        if place < 0:
            return
        self.last_id = block[place + 4 : block.find(b"\n", place) if b"\n" in block[place:] else None].decode()
        if RUN_BYTES not in block:
            return
        self.seqs.append(int(self.last_id.partition("-")[0]))
        begin = block.find(b'"name":"') + 8
        committed = float(block[begin : block.find(b'"', begin)])
        if committed > connected_at + 1:
            self.delays.append(time.time() - committed)


def write_events(house: House, rate: float, stop_at: float, written: list[int]) -> None:
    while time.monotonic() < stop_at:
        payload = ProjectCreated(name=str(time.time()), template="general", base_model="m")
        with house.ports.storage.write() as transaction:
            draft = Draft(reason=Reason.PROJECT_CREATED, summary="It is", payload=payload)
            origin = Origin(project_id=None, run_id=RUN, actor="bench")
            written.append(emit_event(transaction, draft, origin=origin, occurred_at=datetime.now(UTC)).seq)
        time.sleep(1 / rate)


async def crowd(server: Server, house: House, options: argparse.Namespace, chance: random.Random) -> None:
    path = "/api/events"
    clients = [Client(server.port, path, is_slow=n < options.slow) for n in range(options.clients)]
    written: list[int] = []
    start = time.monotonic()
    stop_at = start + options.seconds
    writer = threading.Thread(target=write_events, args=(house, options.rate, stop_at - 3, written))
    for client in clients:
        client.last_id = str(house.streams.newest())
    tasks = [asyncio.create_task(client.follow(random.Random(chance.random()), stop_at, written)) for client in clients]
    await asyncio.sleep(2)
    writer.start()
    kills = [options.seconds * (n + 1) / (options.restarts + 2) for n in range(options.restarts)]
    while time.monotonic() < stop_at:
        await asyncio.sleep(0.25)
        server.look()
        if kills and time.monotonic() - start > kills[0]:
            kills.pop(0)
            server.kill()
            await asyncio.to_thread(server.start)
    await asyncio.gather(*tasks)
    writer.join()
    readers = [client for client in clients if not client.is_slow]
    missing = sum(len(set(written) - set(client.seqs)) for client in readers)
    double = sum(len(client.seqs) - len(set(client.seqs)) for client in readers)
    disorder = sum(client.seqs != sorted(client.seqs) for client in readers)
    delays = sorted(delay for client in readers for delay in client.delays)
    for share in (0.5, 0.99, 0.999) if delays else ():
        print(f"latency p{share * 100:g}: {delays[int(len(delays) * share)] * 1000:.0f} ms of {len(delays):,} frames")
    num_connections = sum(client.num_connections for client in clients)
    print(f"{len(written)} events, {len(readers)} clients, {num_connections} connections")
    print(f"{missing} missing, {double} double, {disorder} clients out of order")
    print(f"server: {server.used():.1f} CPU-seconds, peak memory {server.peak_bytes / 1e6:.0f} MB")
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    server.process.wait()
    print(f"stopped in {time.monotonic() - began:.1f} s")


def fill(house: House, number: int) -> int:
    """A job with so many progress rows, and as many RunEvents."""
    project = house.projects.create("bench")
    job = house.jobs.submit(project.id, "train", AutopilotRequest())
    house.jobs.cancel(job.id)  # so that no lane begins it
    for start in range(0, number, 10_000):
        with house.ports.storage.write() as transaction:
            rows = []
            for n in range(start + 1, min(start + 10_000, number) + 1):
                body = {"seq": n, "time": 1e9 + n, "attempt": 1, "kind": "log", "step": n, "total_steps": number}
                body |= {"epoch": 0.1, "loss": 1.0 + random.random(), "baseline_loss": 2.0, "delta": random.random()}
                body |= {
                    "learning_rate": 1e-4,
                    "grad_norm": random.random(),
                    "tokens_per_second": 1.0,
                    "non_finite": {},
                }
                body |= {"samples_per_second": 1.0, "step_seconds": 0.1, "memory_bytes": 1, "batch_loss": None}
                if n == number // 3:
                    body["loss"] = 99.0
                rows.append(MetricRow(job_id=job.id, seq=n, kind="log", step=n, body=body))
            transaction.metrics.append(rows, job_id=job.id, offset=0)
    return int(job.id)


async def replay(server: Server, house: House, number: int) -> None:
    job_id = fill(house, number)
    for name, path in (("job", f"/api/jobs/{job_id}/events"), ("workspace", "/api/events?after=0")):
        server.look()
        before, busy, began = server.seen.memory_info().rss, server.used(), time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(asking(server.port, path))
        seen, tail = 0, b""
        while seen < number:
            chunk = tail + await reader.read(1 << 20)
            seen += chunk.count(b"\nevent: training.log\n")
            tail = chunk[-20:] if not chunk.endswith(b"\n\n") else b""
            server.look()
        writer.close()
        grown = (server.peak_bytes - before) / 1e6
        seconds, busy = time.monotonic() - began, server.used() - busy
        print(f"{name}: {number:,} frames in {seconds:.1f} s, {busy:.1f} CPU-seconds, +{grown:.0f} MB")
    busy, began = time.process_time(), time.monotonic()
    rows = house.job_views.chart(job_id, max_points=1000)
    is_there = any(row.body["loss"] == 99.0 for row in rows)
    seconds, busy = time.monotonic() - began, time.process_time() - busy
    print(
        f"chart: {len(rows)} points of {number:,} in {seconds:.2f} s, {busy:.2f} CPU-seconds; spike shown: {is_there}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=25)
    parser.add_argument("--restarts", type=int, default=3)
    parser.add_argument("--slow", type=int, default=0)
    parser.add_argument("--replay", type=int)
    parser.add_argument("--idle", type=float)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        house = open_house(Settings(home=home, is_offline=True), actor="api")
        server = Server(home)
        try:
            if options.idle:
                time.sleep(2)
                busy = server.used()
                time.sleep(options.idle)
                share, memory = (server.used() - busy) / options.idle, server.seen.memory_info().rss
                print(f"idle: {share:.2%} of a core, {memory / 1e6:.0f} MB")
            elif options.replay:
                asyncio.run(replay(server, house, options.replay))
            else:
                asyncio.run(crowd(server, house, options, random.Random(options.seed)))
        finally:
            server.process.kill()


if __name__ == "__main__":
    main()
