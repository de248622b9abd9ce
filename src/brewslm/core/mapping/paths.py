"""Where a value stands in a record: a key, or keys and positions with dots between them."""

from functools import lru_cache
from typing import Any


def value_at(record: dict[str, Any], column: str) -> Any:  # noqa: ANN401 - any JSON value is meant
    """Return the value of a column, None where it is absent. A key that holds dots itself is found first."""
    value = record.get(column)
    if value is not None or "." not in column or column in record:
        return value
    found: Any = record
    for part in steps_of(column):
        if isinstance(found, dict):
            found = found.get(part)
        elif isinstance(found, list) and part.isdecimal() and len(part) <= 6:
            found = found[int(part)] if int(part) < len(found) else None
        else:
            return None
    return found


def put_at(record: dict[str, Any], column: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value is meant
    """Return a copy of the record with the value at the column; what is not on the way is shared."""
    steps = (column,) if column in record or "." not in column else steps_of(column)
    made: dict[str, Any] = _put(record, steps, value)
    return made


@lru_cache(maxsize=1024)
def steps_of(column: str) -> tuple[str, ...]:
    """The keys and positions of a path."""
    return tuple(column.split("."))


def _put(found: Any, steps: tuple[str, ...], value: Any) -> Any:  # noqa: ANN401 - any JSON value is meant
    if not steps:
        return value
    part = steps[0]
    if isinstance(found, list) and part.isdecimal() and int(part) < len(found):
        place = int(part)
        return [*found[:place], _put(found[place], steps[1:], value), *found[place + 1 :]]
    inside = found if isinstance(found, dict) else {}
    return {**inside, part: _put(inside.get(part), steps[1:], value)}
