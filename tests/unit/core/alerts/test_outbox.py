"""What a channel sends next, and how long it rests after a failure."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from brewslm.core.alerts.outbox import LONGEST_PAUSE_SECONDS, Delivery, next_batch, pause_after

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)


def delivery(number: int, **changed: Any) -> Delivery:
    plain = {"notification_id": number, "channel": "c", "severity": "warning", "queued_at": NOW, "next_at": NOW}
    return Delivery(**{**plain, **changed})


def chosen(*pending: Delivery, left: int = 10, floor: Any = "info") -> list[int]:
    return [one.notification_id for one in next_batch(pending, now=NOW, num_messages_left=left, floor=floor)]


def test_one_after_the_other_while_there_is_room() -> None:
    assert chosen(delivery(1), delivery(2, severity="critical")) == [1]


def test_the_gravest_first_when_there_is_more_than_the_limit_allows() -> None:
    assert chosen(delivery(1), delivery(2), delivery(3, severity="critical"), left=2) == [3]


def test_the_last_message_of_the_window_carries_all_the_rest() -> None:
    assert chosen(delivery(1), delivery(2), delivery(3), left=1) == [1, 2, 3]


def test_nothing_beyond_the_limit() -> None:
    assert chosen(delivery(1), left=0) == []


def test_what_was_begun_is_sent_again_as_it_was_even_beyond_the_limit() -> None:
    begun = [delivery(number, message_id="m", lease="gone", lease_expires_at=NOW) for number in (1, 3)]
    assert chosen(begun[0], delivery(2), begun[1], left=0) == [1, 3]


def test_a_channel_on_which_somebody_sends_waits() -> None:
    assert chosen(delivery(1, lease="x", lease_expires_at=LATER), delivery(2)) == []


def test_a_channel_that_failed_rests_as_a_whole() -> None:
    assert chosen(delivery(1, tries=1, next_at=LATER), delivery(2)) == []
    assert chosen(delivery(1, tries=1, next_at=NOW), delivery(2)) == [1]


def test_in_quiet_hours_only_what_reaches_the_floor() -> None:
    assert chosen(delivery(1), delivery(2, severity="critical"), floor="critical") == [2]
    assert chosen(delivery(1), floor="critical") == []


@pytest.mark.parametrize(("tries", "seconds"), [(1, 10), (2, 20), (5, 160), (12, 3600), (10_000, 3600)])
def test_pauses_double_up_to_an_hour_within_their_jitter(tries: int, seconds: float) -> None:
    assert pause_after(tries, chance=0.0).total_seconds() == 0.75 * seconds
    assert pause_after(tries, chance=1.0).total_seconds() == 1.25 * seconds


def test_the_receiver_may_ask_for_longer_but_not_for_ever() -> None:
    assert pause_after(1, chance=0.5, asked_seconds=120).total_seconds() == 120
    assert pause_after(4, chance=0.5, asked_seconds=1).total_seconds() == 80
    assert pause_after(1, chance=0.5, asked_seconds=1e9).total_seconds() == LONGEST_PAUSE_SECONDS
