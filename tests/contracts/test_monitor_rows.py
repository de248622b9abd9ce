"""What every ledger promises about the watch over trainings; run on the fake and on SQLite."""

import pytest

from brewslm.core.health.watch import WatchCheck
from brewslm.core.job import Job
from brewslm.core.patrol.watcher import Watcher
from brewslm.core.ports.storage import Storage
from tests.fakes.ledger import NOW, fill


@pytest.fixture
def job(storage: Storage) -> Job:
    project = fill(storage)[0]
    with storage.write() as transaction:
        return transaction.jobs.add(project_id=project.id, kind="train", payload={}, created_at=NOW)


def test_what_is_kept_last_counts_and_each_name_has_its_own(storage: Storage, job: Job) -> None:
    with storage.write() as transaction:
        assert transaction.monitors.state(job.id, "monitor") is None
        transaction.monitors.keep(job.id, "monitor", b'{"a": 1}')
        transaction.monitors.keep(job.id, "patrol", b"{}")
        transaction.monitors.keep(job.id, "monitor", b'{"a": 2}')
    with storage.read() as transaction:
        assert transaction.monitors.state(job.id, "monitor") == b'{"a": 2}'
        assert transaction.monitors.state(job.id, "patrol") == b"{}"


def test_a_state_is_kept_with_its_transaction_or_not_at_all(storage: Storage, job: Job) -> None:
    def keep_and_die() -> None:
        with storage.write() as transaction:
            transaction.monitors.keep(job.id, "monitor", b"{}")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keep_and_die()
    with storage.read() as transaction:
        assert transaction.monitors.state(job.id, "monitor") is None


def test_lines_of_a_step_come_once_and_in_order(storage: Storage, job: Job) -> None:
    lines = [
        WatchCheck(step=step, check=name, level="ok", value=0.5, seen=name)
        for step in (100, 200)
        for name in ("memory", "loss_finite", "throughput")
    ]
    with storage.write() as transaction:
        transaction.monitors.add_checks(job.id, ())
        transaction.monitors.add_checks(job.id, lines[3:])
        transaction.monitors.add_checks(job.id, lines[:3])
        transaction.monitors.add_checks(job.id, lines[:3])
    with storage.read() as transaction:
        assert transaction.monitors.checks(job.id) == tuple(lines)


def test_a_watcher_is_there_until_it_is_forgotten(storage: Storage) -> None:
    one = Watcher(
        name="patrol", owner="a", boot_id="b", beat_monotonic=1.5, due_within_seconds=90, beat_at=NOW, is_lost=False
    )
    lost = one.model_copy(update={"is_lost": True})
    with storage.write() as transaction:
        assert transaction.watchers.get("patrol") is None
        transaction.watchers.put(one)
        transaction.watchers.put(lost)
        transaction.watchers.put(one.model_copy(update={"name": "another"}))
    with storage.write() as transaction:
        assert transaction.watchers.get("patrol") == lost
        assert [watcher.name for watcher in transaction.watchers.list()] == ["another", "patrol"]
        transaction.watchers.remove("patrol")
        transaction.watchers.remove("patrol")
    with storage.read() as transaction:
        assert [watcher.name for watcher in transaction.watchers.list()] == ["another"]
