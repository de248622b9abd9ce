"""The live stream: every row once, in order, whoever reads slowly, comes late or comes back."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from brewslm.api import follower as follower_module
from brewslm.api import stream as stream_module
from brewslm.api.follower import Follower
from brewslm.api.stream import Hub
from brewslm.bootstrap.house import House
from brewslm.core.events.base import Draft
from brewslm.core.events.failure import Failure
from brewslm.core.events.lifecycle import ProjectCreated
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import JobId
from brewslm.core.job import Job, JobStatus
from brewslm.core.ports.reading.feed import Scope
from brewslm.core.ports.storage import MetricRow
from brewslm.services.recording import Origin, emit_event
from brewslm.services.requests import ImportRequest
from tests.fakes.ledger import NOW

ENOUGH_SECONDS = 20.0


class Client:
    """Keeps what a follower sends, as a browser would understand it."""

    def __init__(self) -> None:
        self.frames: list[tuple[str, dict[str, Any]]] = []
        self.last_id: str | None = None
        self.num_signs = 0
        self._came = asyncio.Event()

    async def write(self, chunk: bytes) -> None:
        for block in chunk.decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            self.num_signs += block.startswith(":")
            self.last_id = fields.get("id", self.last_id)
            if "data" in fields:
                self.frames.append((fields["event"], json.loads(fields["data"])))
        self._came.set()

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.frames if name != "job.progress"]

    def seqs(self, name: str) -> list[int]:
        return [data["seq"] for one, data in self.frames if one == name]

    async def until(self, is_there: Callable[[], bool]) -> None:
        async with asyncio.timeout(ENOUGH_SECONDS):
            while not is_there():
                self._came.clear()
                await self._came.wait()


class Ledger:
    """Writes what a training would cause to be written."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.project = house.projects.create(name="p", template="general", base_model="brewslm-tiny-v1", seed=1)

    def job(self) -> Job:
        return self.house.jobs.submit(self.project.id, "train", ImportRequest(locator="x"))

    def log(self, job: Job, *seqs: int, loss: float | None = 1.0, **more: Any) -> None:
        rows = []
        for seq in seqs:
            body = {
                **dict.fromkeys(("grad_norm", "tokens_per_second", "samples_per_second", "memory_bytes", "delta")),
                "seq": seq,
                "time": 1e9 + seq,
                "attempt": 1,
                "kind": "log",
                "step": seq,
                "total_steps": 9,
                "epoch": 0.1,
                "loss": loss,
                "baseline_loss": 2.0,
                "learning_rate": 0.1,
                "step_seconds": 0.1,
                **more,
            }
            rows.append(MetricRow(job_id=job.id, seq=seq, kind="log", step=seq, body=body))
        with self.house.ports.storage.write() as transaction:
            transaction.metrics.append(rows, job_id=job.id, offset=0)

    def event(self, job: Job) -> None:
        payload = ProjectCreated(name="p", template="general", base_model="m")
        with self.house.ports.storage.write() as transaction:
            self._emit(transaction, job, Draft(reason=Reason.PROJECT_CREATED, summary="It is", payload=payload))

    def end(self, job: Job, status: JobStatus = JobStatus.FAILED, reason: Reason = Reason.TRAINING_OOM) -> None:
        with self.house.ports.storage.write() as transaction:
            transaction.jobs.change(transaction.jobs.get(job.id), status=status)
            draft = Draft(reason=reason, summary="It ended", payload=Failure(error="no memory"))
            self._emit(transaction, job, draft)

    @staticmethod
    def _emit(transaction: Any, job: Job, draft: Draft) -> None:
        origin = Origin(project_id=job.project_id, run_id=job.run_id, actor="test")
        emit_event(transaction, draft, origin=origin, occurred_at=NOW.replace(year=2027))


@pytest.fixture
def ledger(house: House, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    monkeypatch.setattr(stream_module, "POLL_SECONDS", 0.005)
    return Ledger(house)


@pytest.fixture
def hub(house: House) -> Iterator[Hub]:
    hub = Hub(house.streams, is_stopping=lambda: False)
    yield hub
    hub.close()


@asynccontextmanager
async def following(
    hub: Hub, client: Client, scope: Scope, after: str | None = None, topics: tuple[str, ...] = ()
) -> AsyncIterator["asyncio.Task[None]"]:
    opening = await hub.call(hub.streams.open, scope, after)

    async def follow() -> None:
        async with hub.following():
            await Follower(hub, scope, opening, topics=frozenset(topics)).run(client.write)

    task = asyncio.create_task(follow())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_the_frames_of_a_training_are_those_that_are_promised(ledger: Ledger, hub: Hub) -> None:
    async def main() -> None:
        job, client = ledger.job(), Client()
        async with following(hub, client, Scope(job_id=job.id)) as task:
            ledger.log(job, 1)
            await client.until(lambda: bool(client.names))
            ledger.log(job, 2, loss=None, non_finite={"loss": "nan"})
            ledger.end(job)
            await asyncio.wait_for(task, ENOUGH_SECONDS)
        assert client.names == ["training.log", "training.log", "training.failed", "end"]
        (_, good), (_, bad), (_, failed), (_, end) = [one for one in client.frames if one[0] != "job.progress"]
        assert (good["type"], good["jobId"], good["seq"], good["step"], good["loss"]) == (
            "training.log",
            job.id,
            1,
            1,
            1,
        )
        assert good["timestamp"].startswith("2001-09-09T01:46:41")
        assert "nonFinite" not in good
        assert (bad["loss"], bad["nonFinite"], bad["nonFiniteFields"]) == (None, "nan", {"loss": "nan"})
        assert (failed["error"], failed["reason"]) == ("no memory", "training_oom")
        assert failed["event"]["payload"]["error"] == "no memory"
        assert end == {"type": "end", "jobId": job.id, "status": "failed"}
        opening = ledger.house.streams.open(Scope(job_id=job.id), client.last_id)
        assert opening.is_over

    asyncio.run(main())


def test_who_comes_after_the_end_gets_everything_and_the_end(ledger: Ledger, hub: Hub) -> None:
    async def main() -> None:
        job, client = ledger.job(), Client()
        ledger.log(job, 1, 2)
        ledger.end(job, JobStatus.CANCELLED, Reason.TRAINING_CANCELLED)
        async with following(hub, client, Scope(job_id=job.id)) as task:
            await asyncio.wait_for(task, ENOUGH_SECONDS)
        assert client.names == ["training.log", "training.log", "training.cancelled", "end"]

    asyncio.run(main())


def test_a_reader_sees_its_scope_and_its_topics_only(ledger: Ledger, hub: Hub) -> None:
    async def main() -> None:
        job, other = ledger.job(), ledger.job()
        own, whole, chosen = Client(), Client(), Client()
        async with (
            following(hub, own, Scope(job_id=job.id)),
            following(hub, whole, Scope(project_id=ledger.project.id)),
            following(hub, chosen, Scope(), topics=("run",)),
        ):
            ledger.log(other, 1)
            ledger.event(other)
            ledger.log(job, 1, 2)
            ledger.event(job)
            await own.until(lambda: len(own.names) == 3)
            await whole.until(lambda: len(whole.names) == 6)
            await chosen.until(lambda: len(chosen.names) == 3)
        assert {data["jobId"] for _, data in own.frames} == {job.id}
        assert set(chosen.names) == {"run.event"}

    asyncio.run(main())


def test_a_reader_that_comes_and_goes_gets_every_row_once_and_in_order(
    ledger: Ledger, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "RING_FRAMES", 8)  # so that it is now in the ring, now behind it
    monkeypatch.setattr("brewslm.services.streams.streams.PAGE_ROWS", 5)
    monkeypatch.setattr(follower_module, "CHUNK_BYTES", 1500)
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    num_rows = 60

    async def main() -> None:
        job, client = ledger.job(), Client()

        async def write() -> None:
            number = 1
            while number <= num_rows:
                end = min(number + chance.choice((1, 2, 20)), num_rows + 1)
                await hub.call(ledger.log, job, *range(number, end))
                for _ in range(number, end):
                    await hub.call(ledger.event, job)
                number = end
            await hub.call(ledger.end, job)

        writing = asyncio.create_task(write())
        while not client.names or client.names[-1] != "end":
            async with following(hub, client, Scope(job_id=job.id), client.last_id) as task:
                await asyncio.wait(
                    {task, asyncio.create_task(asyncio.sleep(chance.random() / 20))}, return_when="FIRST_COMPLETED"
                )
        await writing
        assert client.seqs("training.log") == list(range(1, num_rows + 1))
        events = client.seqs("run.event")
        assert events == sorted(set(events))
        assert len(events) == num_rows

    asyncio.run(main())


def test_a_reader_that_falls_behind_the_ring_is_told_and_misses_nothing(
    ledger: Ledger, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "RING_FRAMES", 4)

    async def main() -> None:
        job = ledger.job()
        quick, slow = Client(), Client()
        stopped = asyncio.Event()

        class Slow(Client):
            async def write(self, chunk: bytes) -> None:
                if self.names:
                    await stopped.wait()
                await super().write(chunk)

        slow = Slow()
        scope = Scope(job_id=job.id)
        async with following(hub, quick, scope), following(hub, slow, scope) as task:
            for number in range(1, 41):
                ledger.log(job, number)
                await quick.until(lambda number=number: quick.seqs("training.log")[-1:] == [number])
            assert len(slow.names) == 1
            stopped.set()
            ledger.end(job)
            await asyncio.wait_for(task, ENOUGH_SECONDS)
        assert "resync" in slow.names
        assert "resync" not in quick.names
        assert slow.seqs("training.log") == list(range(1, 41))

    asyncio.run(main())


def test_a_place_of_another_ledger_begins_anew(ledger: Ledger, hub: Hub) -> None:
    async def main() -> None:
        job, client = ledger.job(), Client()
        ledger.log(job, 1)
        async with following(hub, client, Scope(job_id=job.id), "900-900"):
            await client.until(lambda: len(client.names) == 2)
        assert client.names == ["resync", "training.log"]

    asyncio.run(main())


def test_now_begins_at_the_present(ledger: Ledger, hub: Hub) -> None:
    async def main() -> None:
        job, client = ledger.job(), Client()
        ledger.log(job, 1)
        async with following(hub, client, Scope(), "now"):
            await client.until(lambda: client.last_id is not None)
            ledger.log(job, 2)
            await client.until(lambda: bool(client.names))
        assert client.seqs("training.log") == [2]

    asyncio.run(main())


def test_a_quiet_stream_gives_signs_of_life(ledger: Ledger, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "BEAT_SECONDS", 0.01)

    async def main() -> None:
        client = Client()
        async with following(hub, client, Scope(), "now"):
            await client.until(lambda: client.num_signs > 2)
        assert client.names == []

    asyncio.run(main())


def test_how_far_a_job_is_is_told_as_a_state(ledger: Ledger, hub: Hub) -> None:
    async def main() -> None:
        job, client = ledger.job(), Client()
        async with following(hub, client, Scope(job_id=job.id)):
            for fraction in (0.25, 0.5):
                with ledger.house.ports.storage.write() as transaction:
                    stored = transaction.jobs.get(JobId(job.id))
                    transaction.jobs.change(stored, status=JobStatus.RUNNING, phase="training", fraction=fraction)
                await client.until(
                    lambda fraction=fraction: bool(client.frames) and client.frames[-1][1]["fraction"] == fraction
                )
        name, data = client.frames[-1]
        assert name == "job.progress"
        assert (data["status"], data["phase"], data["jobId"]) == ("running", "training", job.id)

    asyncio.run(main())


def test_streams_end_when_the_server_closes(ledger: Ledger, house: House) -> None:
    stopping = False

    async def main() -> None:
        nonlocal stopping
        hub = Hub(house.streams, is_stopping=lambda: stopping)
        client = Client()
        async with following(hub, client, Scope()) as task:
            await client.until(lambda: client.last_id is not None)
            stopping = True
            await asyncio.wait_for(task, ENOUGH_SECONDS)
        assert "end" not in client.names

    asyncio.run(main())
