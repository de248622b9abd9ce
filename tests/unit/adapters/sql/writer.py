"""A process that writes to a ledger for as long as it may; run as `python -m tests.unit.adapters.sql.writer`.

It prints what was committed, one line per transaction, after the commit.
"""

import sys

from brewslm.adapters.sql.storage import SqlStorage
from brewslm.core.ids import JobId, ProjectId
from brewslm.core.job import JobStatus
from tests.fakes.ledger import NOW, event
from tests.unit.adapters.sql.places import open_at

OWNERS = [None, ProjectId(1), ProjectId(2)]


def append_events(storage: SqlStorage, count: int) -> None:
    """Append three events at a time, each to another chain, and print the last number."""
    for number in range(count):
        with storage.write() as transaction:
            rows = [
                transaction.events.append(event(project_id=owner, payload={"n": number}), recorded_at=NOW)
                for owner in OWNERS
            ]
        print(rows[-1].seq, flush=True)


def count_up(storage: SqlStorage, count: int) -> None:
    """Raise the attempt of job 1 by compare-and-set, reading outside of the write; print each success."""
    won = 0
    while won < count:
        with storage.read() as transaction:
            job = transaction.jobs.get(JobId(1))
        with storage.write() as transaction:
            changed = transaction.jobs.change(job, attempt=job.attempt + 1)
        if changed is not None:
            won += 1
            print(changed.attempt, flush=True)


def add_job(storage: SqlStorage, count: int) -> None:
    """Ask for the same work `count` times with the same key; print the job that answers."""
    for _ in range(count):
        with storage.write() as transaction:
            job = transaction.jobs.add(
                project_id=ProjectId(1), kind="train", payload={"x": 1}, created_at=NOW, idempotency_key="once"
            )
        print(job.id, flush=True)


def hold(storage: SqlStorage, count: int) -> None:
    """Take the write lock and keep it until a line comes from standard input."""
    del count
    with storage.write() as transaction:
        job = transaction.jobs.get(JobId(1))
        transaction.jobs.change(job, status=JobStatus.RUNNING)
        print("held", flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    work = {"append": append_events, "count": count_up, "add": add_job, "hold": hold}[sys.argv[1]]
    ledger = open_at(sys.argv[2])
    print("ready", flush=True)
    work(ledger, int(sys.argv[3]))
