"""Columns of a sample: types, fill, distinct values, lengths."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from brewslm.core.artifacts.schema import ColumnProfile
from brewslm.core.mapping.outcome import SourceRow
from brewslm.core.mapping.text import is_blank, json_type
from brewslm.core.value import canonical_json

NUM_EXAMPLES = 3
EXAMPLE_CHARACTERS = 120


def profile_columns(rows: Sequence[SourceRow], columns: Sequence[str]) -> tuple[ColumnProfile, ...]:
    """Describe each column over the readable rows of a sample."""
    records = [row.record for row in rows if row.record is not None]
    return tuple(_profile(name, [record.get(name) for record in records]) for name in columns)


def is_filled(value: Any) -> bool:  # noqa: ANN401 - any JSON value is meant
    """Whether a value says anything."""
    return not is_blank(value) if isinstance(value, str) else value not in (None, [], {})


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
