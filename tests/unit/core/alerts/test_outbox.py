"""What a channel sends next, and how long it rests after a failure."""

from datetime import UTC, datetime
from typing import Any

import pytest

from brewslm.core.alerts.outbox import LONGEST_PAUSE_SECONDS, PLANNED_AT_ONCE, Delivery, pause_after, plan

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def delivery(number: int, **changed: Any) -> Delivery:
    plain = {"notification_id": number, "channel": "c", "severity": "warning", "queued_at": NOW, "next_at": NOW}
    return Delivery(**{**plain, **changed})


def planned(*waiting: Delivery, left: int = 10, floor: Any = "info") -> list[list[int]]:
    return [[one.notification_id for one in group] for group in plan(waiting, num_messages_left=left, floor=floor)]


def test_one_after_the_other_while_there_is_room() -> None:
    assert planned(delivery(1), delivery(2, severity="critical")) == [[1], [2]]
    assert planned(delivery(1), delivery(2), left=2) == [[1], [2]]


def test_beyond_the_limit_the_gravest_are_alone_and_the_last_message_carries_the_rest() -> None:
    many = (delivery(1), delivery(2), delivery(3, severity="critical"), delivery(4, severity="error"))
    assert planned(*many, left=3) == [[3], [4], [1, 2]]
    assert planned(*many, left=1) == [[3, 4, 1, 2]]
    assert planned(*many, left=0) == []


def test_a_plan_is_short_and_the_next_one_goes_on() -> None:
    many = [delivery(number) for number in range(1000)]
    assert len(planned(*many, left=5000)) == PLANNED_AT_ONCE
    assert [len(group) for group in planned(*many, left=500)] == [1] * PLANNED_AT_ONCE
    assert [len(group) for group in planned(*many, left=PLANNED_AT_ONCE + 1)] == [1] * PLANNED_AT_ONCE + [900]


def test_in_quiet_hours_only_what_reaches_the_floor() -> None:
    assert planned(delivery(1), delivery(2, severity="critical"), floor="critical") == [[2]]
    assert planned(delivery(1), floor="critical") == []


@pytest.mark.parametrize(("tries", "seconds"), [(1, 10), (2, 20), (5, 160), (12, 3600), (10_000, 3600)])
def test_pauses_double_up_to_an_hour_within_their_jitter(tries: int, seconds: float) -> None:
    assert pause_after(tries, chance=0.0).total_seconds() == 0.75 * seconds
    assert pause_after(tries, chance=1.0).total_seconds() == 1.25 * seconds


def test_the_receiver_may_ask_for_longer_but_not_for_ever() -> None:
    assert pause_after(1, chance=0.5, asked_seconds=120).total_seconds() == 120
    assert pause_after(4, chance=0.5, asked_seconds=1).total_seconds() == 80
    assert pause_after(1, chance=0.5, asked_seconds=1e9).total_seconds() == LONGEST_PAUSE_SECONDS
