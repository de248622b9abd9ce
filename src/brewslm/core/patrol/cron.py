"""Cron expressions of five fields: minute, hour, day of month, month, day of week."""

from datetime import datetime, timedelta

from brewslm.core.errors import InvalidRequestError

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_MOST_MINUTES = 24 * 60
"""Looked back at most: of a clock that jumps, or a machine that slept, one day is enough."""


class Cron:
    """When something is due, to the minute."""

    def __init__(self, expression: str) -> None:
        """Read the expression: numbers, `*`, ranges `a-b`, lists with commas, steps with `/`.

        Raises:
            InvalidRequestError: it is none.
        """
        parts = expression.split()
        if len(parts) != len(_FIELDS):
            message = f"{expression!r} is no cron expression: five fields are needed, such as '*/30 * * * *'"
            raise InvalidRequestError(message)
        minute, hour, day, month, weekday = (
            _field(part, name, low, high, expression) for part, (name, low, high) in zip(parts, _FIELDS, strict=True)
        )
        self._minutes, self._hours, self._months, self._days = minute, hour, month, day
        self._weekdays = {number % 7 for number in weekday}
        self._is_any_day, self._is_any_weekday = parts[2] == "*", parts[4] == "*"

    def is_due(self, after: datetime, until: datetime) -> bool:
        """Whether a minute that it names begins after the one moment, and not after the other."""
        minute = max(after, until - timedelta(minutes=_MOST_MINUTES)).replace(second=0, microsecond=0)
        while (minute := minute + timedelta(minutes=1)) <= until:
            if self._names(minute):
                return True
        return False

    def _names(self, moment: datetime) -> bool:
        day, weekday = moment.day in self._days, moment.isoweekday() % 7 in self._weekdays
        # Where both name days, either counts, as everywhere.
        is_day = day and weekday if self._is_any_day or self._is_any_weekday else day or weekday
        is_time = moment.minute in self._minutes and moment.hour in self._hours
        return is_time and moment.month in self._months and is_day


def _field(text: str, name: str, low: int, high: int, expression: str) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        numbers = (first, last or (str(high) if step else first), step or "1")
        if not all(number.isdecimal() for number in numbers) or (dash and not last):
            raise _odd(text, name, expression)
        begin, end, every = map(int, numbers)
        if not (low <= begin <= end <= high and every):
            raise _odd(text, name, expression)
        found |= set(range(begin, end + 1, every))
    return found


def _odd(text: str, name: str, expression: str) -> InvalidRequestError:
    return InvalidRequestError(f"{text!r} is no {name} of a cron expression, in {expression!r}; write e.g. '*/30'")
