"""Columns of a sample: types, fill, distinct values, lengths. What is nested is a column by its path."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from brewslm.core.artifacts.schema import ColumnProfile
from brewslm.core.mapping.outcome import SourceRow
from brewslm.core.mapping.paths import value_at
from brewslm.core.mapping.text import is_blank, json_type
from brewslm.core.value import canonical_json

NUM_EXAMPLES = 3
EXAMPLE_CHARACTERS = 120
MAX_DEPTH = 4
MAX_NESTED = 100
"""How deep, and how many columns inside of others are described."""


def profile_columns(rows: Sequence[SourceRow], columns: Sequence[str]) -> tuple[ColumnProfile, ...]:
    """Describe each column over the readable rows of a sample; after an object come the columns that it holds."""
    records = [row.record for row in rows if row.record is not None]
    return tuple(_profile(name, [value_at(record, name) for record in records]) for name in _paths(records, columns))


def is_filled(value: Any) -> bool:  # noqa: ANN401 - any JSON value is meant
    """Whether a value says anything."""
    return not is_blank(value) if isinstance(value, str) else value not in (None, [], {})


def _paths(records: Sequence[dict[str, Any]], columns: Sequence[str]) -> list[str]:
    found: list[str] = []
    waiting = [(name, 1) for name in reversed(columns)]
    num_nested = 0
    while waiting:
        name, depth = waiting.pop()
        found.append(name)
        if depth >= MAX_DEPTH:
            continue
        inner = dict.fromkeys(
            key for record in records if isinstance(value := value_at(record, name), dict) for key in value
        )
        kept = [key for key in inner if key and "." not in key][: max(0, MAX_NESTED - num_nested)]
        # As many keys as records is no structure, but data: an object that is a dictionary of things.
        if len(inner) > MAX_NESTED:
            continue
        num_nested += len(kept)
        waiting += [(f"{name}.{key}", depth + 1) for key in reversed(kept)]
    return found


def _profile(name: str, values: list[Any]) -> ColumnProfile:
    filled = [value for value in values if is_filled(value)]
    spelled = [value if isinstance(value, str) else canonical_json(value) for value in filled]
    lengths = sorted(len(value) for value in filled if isinstance(value, str))
    return ColumnProfile(
        name=name,
        types=dict(sorted(Counter(json_type(value) for value in values).items())),
        fill_rate=len(filled) / len(values) if values else 0.0,
        num_distinct=len(set(spelled)),
        length_quantiles=_quantiles(lengths),
        examples=tuple(text[:EXAMPLE_CHARACTERS] for text in list(dict.fromkeys(spelled))[:NUM_EXAMPLES]),
    )


def _quantiles(lengths: list[int]) -> dict[str, float]:
    if not lengths:
        return {}
    last = len(lengths) - 1
    places = {"p10": round(last * 0.1), "p50": round(last * 0.5), "p90": round(last * 0.9), "max": last}
    return {name: float(lengths[place]) for name, place in places.items()}
