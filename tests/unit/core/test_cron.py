"""Cron expressions: when something is due."""

from datetime import UTC, datetime, timedelta

import pytest

from brewslm.core.errors import InvalidRequestError
from brewslm.core.patrol.cron import Cron

MONDAY = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)


def due(expression: str, days: int = 7) -> list[datetime]:
    """Return the minutes that are due within some days from a Monday on."""
    cron, minute = Cron(expression), timedelta(minutes=1)
    moments = [MONDAY + number * minute for number in range(days * 24 * 60)]
    return [moment for moment in moments if cron.is_due(moment - minute, moment)]


def test_every_half_hour_is_the_default() -> None:
    assert [moment.minute for moment in due("*/30 * * * *", 1)] == [0, 30] * 24


def test_ranges_lists_and_steps() -> None:
    assert [(moment.hour, moment.minute) for moment in due("5,50 8-10 * * *", 1)] == [
        (hour, minute) for hour in (8, 9, 10) for minute in (5, 50)
    ]
    assert [moment.hour for moment in due("0 1-23/6 * * *", 1)] == [1, 7, 13, 19]
    assert [moment.hour for moment in due("0 20/2 * * *", 1)] == [20, 22]


def test_days_of_week_count_from_sunday_twice() -> None:
    assert [moment.isoweekday() for moment in due("0 0 * * 1-5")] == [1, 2, 3, 4, 5]
    assert due("0 0 * * 0") == due("0 0 * * 7")


def test_where_both_name_days_either_counts() -> None:
    assert [moment.day for moment in due("0 0 5 * 1")] == [2, 5]


def test_a_moment_that_was_slept_through_is_due_once_and_a_clock_put_back_names_none() -> None:
    cron = Cron("*/30 * * * *")
    assert cron.is_due(MONDAY, MONDAY + timedelta(days=900))
    assert not cron.is_due(MONDAY, MONDAY - timedelta(days=900))
    assert not cron.is_due(MONDAY, MONDAY + timedelta(minutes=29))


@pytest.mark.parametrize("text", ["", "* * * *", "60 * * * *", "*/0 * * * *", "5- * * * *", "a * * * *", "9-5 * * * *"])
def test_what_is_no_expression_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"cron expression"):
        Cron(text)
