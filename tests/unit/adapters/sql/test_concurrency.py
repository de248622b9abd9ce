"""Several threads and processes on one ledger, some of them killed."""

import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from brewslm.adapters.sql.storage import SqlStorage
from brewslm.core.errors import WorkspaceError
from brewslm.core.ids import JobId
from brewslm.core.job import Job, JobStatus
from tests.fakes.ledger import NOW, event, fill
from tests.unit.adapters.sql.places import open_at

ROOT = Path(__file__).parents[4]
FOREVER = 10**9
SQLITE = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
"""On this database alone, because processes cost seconds; the storm of kills and the races are on both."""


@contextmanager
def writer(work: str, place: str, count: int) -> Iterator[subprocess.Popen[str]]:
    """Start a writing process; it has opened the ledger when this returns."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.adapters.sql.writer", work, place, str(count)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert line(process) == "ready"
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def job(ledger: SqlStorage) -> Job:
    (project,) = fill(ledger)
    with ledger.write() as transaction:
        return transaction.jobs.add(project_id=project.id, kind="train", payload={}, created_at=NOW)


@SQLITE
def test_killed_writers_leave_neither_gaps_nor_broken_chains(ledger: SqlStorage, place: str) -> None:
    fill(ledger, num_projects=2)
    chance = random.Random(7)
    acknowledged = 0
    with writer("append", place, FOREVER) as steady:
        for _ in range(2):
            with writer("append", place, FOREVER) as victim:
                for _ in range(chance.randint(2, 25)):
                    acknowledged = max(acknowledged, int(line(victim)))
                    line(steady)
                # Killed here by SIGKILL, at whatever it is doing.
        for _ in range(5):
            acknowledged = max(acknowledged, int(line(steady)))
    with ledger.read() as transaction:
        numbers = [row.seq for row in transaction.events.list(limit=FOREVER)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= acknowledged > 0
    assert len(numbers) % 3 == 0, "a transaction is whole or absent"
    assert ledger.verify_events() == (len(numbers), ())


def test_processes_that_race_for_a_job_win_each_version_once(ledger: SqlStorage, place: str, job: Job) -> None:
    with writer("count", place, 40) as one, writer("count", place, 40) as two:
        won = [int(line(process)) for _ in range(40) for process in (one, two)]
    assert sorted(won) == list(range(1, 81))
    with ledger.read() as transaction:
        assert (transaction.jobs.get(job.id).attempt, transaction.jobs.get(job.id).version) == (80, 80)


def test_threads_that_race_for_a_job_have_one_winner(ledger: SqlStorage, job: Job) -> None:
    barrier = threading.Barrier(8)
    winners: list[int] = []

    def race(number: int) -> None:
        with ledger.read() as transaction:
            seen = transaction.jobs.get(job.id)
        barrier.wait()
        with ledger.write() as transaction:
            if transaction.jobs.change(seen, status=JobStatus.RUNNING, lease_owner=str(number)):
                winners.append(number)

    threads = [threading.Thread(target=race, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(winners) == 1
    with ledger.read() as transaction:
        assert transaction.jobs.get(job.id).lease_owner == str(winners[0])


def test_threads_append_without_gaps(ledger: SqlStorage) -> None:
    def append() -> None:
        for _ in range(20):
            with ledger.write() as transaction:
                transaction.events.append(event(), recorded_at=NOW)

    threads = [threading.Thread(target=append) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.verify_events() == (120, ())


@SQLITE
def test_processes_that_ask_for_the_same_work_get_one_job(ledger: SqlStorage, place: str) -> None:
    fill(ledger)
    with writer("add", place, 10) as one, writer("add", place, 10) as two:
        answers = {line(process) for _ in range(10) for process in (one, two)}
    assert answers == {"1"}
    with ledger.read() as transaction:
        assert len(transaction.jobs.list()) == 1


def test_a_ledger_that_stays_locked_is_named_after_a_while(ledger: SqlStorage, place: str, job: Job) -> None:
    impatient = open_at(place, 0.2)
    with writer("hold", place, 0) as holder:
        assert line(holder) == "held"
        with pytest.raises(WorkspaceError, match=r"' stayed locked by another process for 0\.2 s"):
            fill(impatient)
        with impatient.read() as transaction:
            assert transaction.jobs.get(job.id).status is JobStatus.QUEUED, "readers are not held up"
    with impatient.write() as transaction:
        stored = transaction.jobs.get(JobId(1))
        assert stored.status is JobStatus.QUEUED, "what the killed process had begun is gone"
        assert transaction.jobs.change(stored, status=JobStatus.RUNNING)
    impatient.close()


@SQLITE
def test_a_thread_that_keeps_the_lock_is_reported_too(place: str) -> None:
    ledger = open_at(place, 0.1)
    errors: list[WorkspaceError] = []

    def write() -> None:
        try:
            fill(ledger)
        except WorkspaceError as error:
            errors.append(error)

    with ledger.write():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert "stayed locked by another thread for 0.1 s" in str(errors[0])
    ledger.close()


@SQLITE
def test_a_writer_waits_for_another_that_is_quick(ledger: SqlStorage, place: str, job: Job) -> None:
    with writer("hold", place, 0) as holder:
        assert line(holder) == "held"
        waiting = threading.Thread(target=fill_more, args=(ledger,))
        waiting.start()
        assert holder.stdin is not None
        holder.stdin.write("go on\n")
        holder.stdin.flush()
        waiting.join(timeout=30)
        assert not waiting.is_alive()
    with ledger.read() as transaction:
        assert len(transaction.projects.list()) == 2
        assert transaction.jobs.get(job.id).status is JobStatus.RUNNING


def fill_more(ledger: SqlStorage) -> None:
    with ledger.write() as transaction:
        transaction.projects.add(name="later", template="general", base_model="m", seed=1, created_at=NOW)


class _StoppedOnce:
    """A lock whose waiter was stopped with its whole process: when it goes on, its time is over at once."""

    def __init__(self) -> None:
        self.was_stopped = False

    def acquire(self, timeout: float) -> bool:
        assert timeout > 0
        was_stopped, self.was_stopped = self.was_stopped, True
        return was_stopped

    def release(self) -> None:
        """Nobody else wants it."""


def test_a_process_that_was_stopped_while_it_waited_for_its_turn_gets_it(tmp_path: Path) -> None:
    ledger, lock = open_at(str(tmp_path / "brewslm.db"), 1.0), _StoppedOnce()
    fill(ledger)
    ledger._write_lock = lock  # type: ignore[assignment]
    with ledger.write():
        assert lock.was_stopped
    ledger.close()
