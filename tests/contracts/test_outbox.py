"""What every ledger promises of notifications and of the outbox; run on the fake and on both databases."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from brewslm.adapters.sql.rows import outbox
from brewslm.adapters.sql.storage import open_storage
from brewslm.core.alerts.notification import SEVERITIES, NewNotification, Notification
from brewslm.core.alerts.outbox import ChannelState, Delivery
from brewslm.core.errors import NotFoundError
from brewslm.core.ids import JobId, ProjectId, RunId
from brewslm.core.ports.storage import Storage
from brewslm.core.reason import Reason, Severity
from tests.fakes.ledger import NOW, event, fill


@pytest.fixture(autouse=True)
def _filled(storage: Storage) -> None:
    fill(storage)


def notify(storage: Storage, number: int = 1, **changed: object) -> list[Notification]:
    made = []
    with storage.write() as transaction:
        for _ in range(number):
            recorded = transaction.events.append(event(), recorded_at=NOW)
            plain = {
                "event_seq": recorded.seq,
                "event_hash": recorded.hash,
                "project_id": 1,
                "run_id": RunId("train-1"),
                "parent_run_id": None,
                "job_id": None,
                "experiment_id": None,
                "severity": "error",
                "reason": Reason.TRAINING_OOM,
                "title": "T",
                "line": "l",
                "created_at": NOW,
            }
            made.append(transaction.notifications.add(NewNotification.model_validate({**plain, **changed})))
    return made


def queue(storage: Storage, notifications: list[Notification], channel: str = "c") -> list[Delivery]:
    made = [
        Delivery(notification_id=one.id, channel=channel, severity=one.severity, queued_at=NOW, next_at=NOW)
        for one in notifications
    ]
    with storage.write() as transaction:
        transaction.outbox.route(notifications, made)
    return made


def test_notifications_come_back_as_they_were(storage: Storage) -> None:
    made = notify(storage, 3, parent_run_id=RunId("autopilot-9"))
    with storage.read() as transaction:
        assert transaction.notifications.list() == tuple(reversed(made))
        assert transaction.notifications.list(before_id=3, limit=1) == (made[1],)
        assert transaction.notifications.find([3, 99, 1]) == (made[0], made[2])
        assert transaction.notifications.of_steps(RunId("autopilot-9")) == (Reason.TRAINING_OOM,) * 3
        assert transaction.notifications.of_steps(RunId("train-1")) == ()


def test_reading_is_kept(storage: Storage) -> None:
    notify(storage, 3)
    with storage.write() as transaction:
        assert transaction.notifications.mark_read(ids=[2, 99], read_at=NOW) == 1
        assert transaction.notifications.mark_read(up_to_id=2, read_at=NOW + timedelta(1)) == 1
    with storage.read() as transaction:
        assert transaction.notifications.num_unread() == 1
        assert [one.id for one in transaction.notifications.list(is_unread=True)] == [3]
        assert [one.read_at for one in transaction.notifications.list(is_unread=False)] == [NOW, NOW + timedelta(1)]


def test_each_pair_of_notification_and_channel_is_queued_once(storage: Storage) -> None:
    made = notify(storage, 2)
    with storage.read() as transaction:
        assert transaction.outbox.unrouted(limit=9) == tuple(made)
        assert transaction.outbox.unrouted(limit=1) == (made[0],)
    queued = queue(storage, made)
    queue(storage, made[:1], "d")
    with storage.write() as transaction:
        transaction.outbox.change(queued, held_by=None, tries=5)
    queue(storage, made)
    with storage.read() as transaction:
        assert transaction.outbox.unrouted(limit=9) == ()
        assert transaction.outbox.channels() == ("c", "d")
        assert [(one.notification_id, one.tries) for one in transaction.outbox.pending("c")] == [(1, 5), (2, 5)]


def test_a_change_needs_the_lease(storage: Storage) -> None:
    queued = queue(storage, notify(storage, 2))
    with storage.write() as transaction:
        assert transaction.outbox.change(queued[:1], held_by="x", tries=1) == 0
        assert transaction.outbox.change(queued, held_by=None, lease="x", lease_expires_at=NOW, message_id="m") == 2
        assert transaction.outbox.change(queued, held_by=None, tries=9) == 0
        assert transaction.outbox.change(queued[:1], held_by="x", lease=None, state="sent", finished_at=NOW) == 1
        assert transaction.outbox.change(queued[:1], held_by=None, tries=9) == 0, "what is sent stays so"
    with storage.read() as transaction:
        (left,) = transaction.outbox.pending("c")
        assert (left.notification_id, left.lease, left.lease_expires_at, left.message_id) == (2, "x", NOW, "m")


def test_the_next_message_is_single_then_grave_then_old_and_stays_together(storage: Storage) -> None:
    grave = notify(storage, severity="critical")
    queued = queue(storage, [*grave, *notify(storage, 4, severity="warning")])
    with storage.write() as transaction:
        assert transaction.outbox.planned("c", SEVERITIES) == ()
        for ids, message in (((1, 5), "both"), ((2,), "b"), ((3,), "a")):
            some = [one for one in queued if one.notification_id in ids]
            transaction.outbox.change(some, held_by=None, message_id=message)

    def following(*severities: Severity) -> list[int]:
        with storage.read() as transaction:
            return [one.notification_id for one in transaction.outbox.planned("c", severities)]

    assert following(*SEVERITIES) == [2]
    assert following("critical") == [1, 5]
    assert following("info") == []
    with storage.write() as transaction:
        transaction.outbox.change(queued[1:3], held_by=None, state="sent", finished_at=NOW)
    assert following(*SEVERITIES) == [1, 5]
    with storage.read() as transaction:
        assert transaction.outbox.num_pending("c") == 3
        assert [one.notification_id for one in transaction.outbox.pending("c", limit=2)] == [1, 4]


def test_a_channel_is_busy_while_somebody_sends_or_it_rests(storage: Storage) -> None:
    queued = queue(storage, notify(storage, 2))
    later = NOW + timedelta(seconds=1)
    for changes in ({"lease_expires_at": later}, {"tries": 1, "next_at": later}):
        with storage.write() as transaction:
            assert not transaction.outbox.is_busy("c", NOW)
            transaction.outbox.change(queued[1:], held_by=None, **changes)
            assert transaction.outbox.is_busy("c", NOW)
            assert not transaction.outbox.is_busy("c", later)
            transaction.outbox.change(queued[1:], held_by=None, lease_expires_at=None, tries=0, next_at=NOW)


def test_messages_are_counted_not_deliveries(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_KEYS_AT_ONCE", 40)
    queued = queue(storage, notify(storage, 50))
    with storage.write() as transaction:
        for some, message in ((queued[:1], "m1"), (queued[1:], "m2")):
            transaction.outbox.change(some, held_by=None, state="sent", message_id=message, finished_at=NOW)
    with storage.read() as transaction:
        assert transaction.outbox.sent_since("c", NOW - timedelta(seconds=1)) == 2
        assert transaction.outbox.sent_since("c", NOW) == 0
        assert transaction.outbox.sent_since("d", NOW - timedelta(seconds=1)) == 0


def test_the_state_of_a_channel_is_replaced(storage: Storage) -> None:
    with storage.write() as transaction:
        assert transaction.outbox.state("c") == ChannelState(name="c")
        for error in ("a", "b"):
            transaction.outbox.keep_state(ChannelState(name="c", last_failed_at=NOW, last_error=error, is_dead=True))
    with storage.read() as transaction:
        assert transaction.outbox.state("c").last_error == "b"


def test_the_job_of_a_run_is_found(storage: Storage) -> None:
    with storage.write() as transaction:
        job = transaction.jobs.add(project_id=ProjectId(1), kind="map_commit", payload={}, created_at=NOW)
        assert transaction.jobs.of_run(RunId("map-commit-1")) == job
        assert transaction.jobs.of_run(RunId("system")) is None


def test_a_notification_of_no_job_that_there_is_is_refused(tmp_path: Path, empty_database: Path) -> None:
    storage = open_storage(shutil.copy(empty_database, tmp_path / "another.db"))
    fill(storage)
    with pytest.raises(NotFoundError):
        notify(storage, job_id=JobId(9))
    storage.close()
