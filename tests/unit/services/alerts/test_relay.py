"""At least once, one at a time, under one id; and a channel that fails costs nobody else anything."""

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from brewslm.core.alerts.channels import AlertConfig
from brewslm.core.alerts.message import AlertMessage
from brewslm.core.alerts.outbox import MAX_AGE, MAX_TRIES
from brewslm.core.errors import AlertError
from brewslm.core.events.base import Draft
from brewslm.core.events.failure import Failure
from brewslm.core.events.reasons import Reason
from brewslm.services.alerts.notifications import Notifications
from brewslm.services.alerts.relay import LEASE, Relay
from tests.fakes.alerts import FakeSenders
from tests.unit.scene import Scene

MINUTES = 60.0


class Post:
    """A scene with one channel, whose receiver does as `act` says."""

    def __init__(self, scene: Scene, act: Callable[[AlertMessage], None] = lambda _message: None) -> None:
        self.scene = scene
        self.senders = FakeSenders(act)
        self.config = self.channel()
        self.claim = scene.claim("train")

    @staticmethod
    def channel(**said: Any) -> AlertConfig:
        return AlertConfig.model_validate({"channels": {"c": {"kind": "log", "severity": "info", **said}}})

    def happen(self, number: int = 1, reason: Reason = Reason.TRAINING_OOM) -> None:
        for _ in range(number):
            self.claim.emit(Draft(reason=reason, summary="It happened", payload=Failure(error="e")))

    def relay(self) -> Relay:
        return Relay(self.scene.ports, self.senders, chance=random.Random(1))

    def run(self) -> int:
        return self.relay().run(self.config, seconds=1000)

    def told(self) -> list[str]:
        return [str(one.reason) for one in Notifications(self.scene.ports).list().notifications]


def fail(_message: AlertMessage) -> None:
    raise AlertError("no answer")


@pytest.fixture
def post(scene: Scene) -> Post:
    return Post(scene)


def test_each_notification_is_sent_once(post: Post) -> None:
    post.happen(3)
    assert post.run() == 3
    assert post.run() == 0
    assert len({message.id for message in post.senders.taken}) == 3
    assert [message.notifications[0].id for message in post.senders.taken] == [1, 2, 3]
    assert not post.relay().has_work()


def test_channels_are_told_what_they_want_and_each_by_itself(post: Post) -> None:
    post.config = AlertConfig.model_validate(
        {
            "channels": {
                "all": {"kind": "log"},
                "grave": {"kind": "log", "severity": "critical"},
                "nan": {"kind": "log", "reasons": ["training_nan", "export_*"]},
                "other": {"kind": "log", "projects": [99]},
            }
        }
    )
    post.happen(1)
    post.happen(1, Reason.TRAINING_NAN)
    assert post.run() == 3
    assert len({message.id for message in post.senders.taken}) == 3, "the same event on two channels is two messages"


def test_what_was_told_before_a_channel_was_added_is_not_sent_on_it(post: Post) -> None:
    post.happen(2)
    post.relay().run(AlertConfig(), seconds=1)
    assert post.run() == 0


def test_a_process_that_dies_between_sending_and_noting_it_sends_again_under_the_same_id(post: Post) -> None:
    post.happen(2)

    def die(_message: AlertMessage) -> None:
        raise SystemExit

    post.senders.act = die
    with pytest.raises(SystemExit):
        post.run()
    post.senders.act = lambda _message: None
    assert post.run() == 0, "it may still be sending"
    post.scene.clock.advance(LEASE.total_seconds() + 1)
    assert post.run() == 2
    first, again, other = post.senders.tried
    assert first == again
    assert other.id != first.id


def test_two_relays_never_send_on_one_channel_at_once_and_nothing_twice(post: Post) -> None:
    post.config = post.channel(rate_limit={"messages": 1000, "minutes": 1})
    post.happen(40)
    inside, most = [], []

    def act(message: AlertMessage) -> None:
        inside.append(message)
        threading.Event().wait(0.002)  # time for another one to come in
        most.append(len(inside))
        inside.remove(message)

    post.senders.act = act
    relays = [threading.Thread(target=lambda: [post.run() for _ in range(30)]) for _ in range(3)]
    for one in relays:
        one.start()
    for one in relays:
        one.join()
    while post.relay().has_work():
        post.run()
    assert max(most) == 1
    assert sorted(message.notifications[0].id for message in post.senders.taken) == list(range(1, 41))


def test_a_flood_is_a_few_messages_and_one_summary_that_counts_all(post: Post) -> None:
    post.config = post.channel(rate_limit={"messages": 10, "minutes": 10})
    post.happen(998)
    post.happen(2, Reason.EXPORT_PARITY_FAILED)
    assert post.run() == 10
    *single, summary = post.senders.taken
    assert [message.severity for message in single[:2]] == ["critical", "critical"], "the gravest are sent alone"
    assert (summary.kind, summary.num_notifications, summary.title) == ("summary", 991, "991 notifications")
    assert "991 error" in summary.line
    assert len(summary.notifications) == 20
    post.happen(5)
    assert post.run() == 0
    post.scene.clock.advance(10 * MINUTES + 1)
    assert post.run() == 5


def test_a_summary_that_failed_is_sent_again_as_it_was(post: Post) -> None:
    post.config = post.channel(rate_limit={"messages": 1, "minutes": 10})
    post.senders.act = fail
    post.happen(3)
    post.run()
    post.happen(3)
    post.scene.clock.advance(20)
    post.senders.act = lambda _message: None
    post.run()
    assert post.senders.tried[0] == post.senders.taken[0]
    assert post.senders.taken[0].num_notifications == 3


def test_a_channel_that_fails_rests_longer_each_time_and_is_given_up_in_the_end(post: Post) -> None:
    post.senders.act = fail
    post.happen(2)
    tried_at = []
    for _ in range(40_000):
        before = len(post.senders.tried)
        post.run()
        if len(post.senders.tried) > before:
            tried_at.append(post.scene.clock.now())
        if not post.relay().has_work():
            break
        post.scene.clock.advance(30)
    pauses = [(b - a).total_seconds() for a, b in pairwise(tried_at)]
    assert len(tried_at) == MAX_TRIES
    assert pauses[0] <= 30
    assert 2000 <= pauses[-1] <= 4600
    assert len({message.id for message in post.senders.tried}) == 1
    assert post.told()[0] == "system_alert_undelivered"
    post.run()
    assert not post.relay().has_work(), "that is told in the bell, and makes no message of its own"


def test_giving_up_is_told_once_until_something_is_sent_again(post: Post) -> None:
    def refuse(_message: AlertMessage) -> None:
        raise AlertError("bad message", is_refused=True)

    post.senders.act = refuse
    post.happen(3)
    post.run()
    assert len(post.senders.tried) == 3, "a message that is refused does not stop the next"
    assert post.told().count("system_alert_undelivered") == 1
    post.senders.act = lambda _message: None
    post.happen()
    assert post.run() == 1
    post.senders.act = refuse
    post.happen()
    post.run()
    assert post.told().count("system_alert_undelivered") == 2


def test_a_receiver_that_asks_for_time_gets_it(post: Post) -> None:
    def busy(_message: AlertMessage) -> None:
        raise AlertError("later", retry_after_seconds=300)

    post.senders.act = busy
    post.happen()
    post.run()
    post.scene.clock.advance(299)
    post.run()
    assert len(post.senders.tried) == 1
    post.scene.clock.advance(2)
    post.run()
    assert len(post.senders.tried) == 2


def test_what_no_process_can_send_is_given_up_after_a_day(post: Post) -> None:
    post.happen()
    post.run()
    post.happen()
    post.relay().route(post.config)
    post.config = AlertConfig()  # the channel was taken out of the file
    post.run()
    assert post.relay().has_work()
    post.scene.clock.advance((MAX_AGE + timedelta(seconds=1)).total_seconds())
    post.run()
    assert not [one for one in post.told() if one != "training_oom"][1:]
    assert "system_alert_undelivered" in post.told()


def test_no_message_is_begun_after_the_time_is_up(post: Post) -> None:
    post.happen(3)
    post.senders.act = lambda _message: post.scene.clock.advance(2)
    assert post.relay().run(post.config, seconds=3) == 2
