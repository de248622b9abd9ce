"""Values: frozen, closed, and with one spelling that hashes are taken over."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from brewslm.core.value import Value, canonical_json, sha256_of


class Point(Value):
    x: float
    y: float = 0.0


def test_a_value_does_not_change() -> None:
    point = Point(x=1.0)
    with pytest.raises(ValidationError):
        point.x = 2.0  # type: ignore[misc]


def test_a_value_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValidationError):
        Point.model_validate({"x": 1.0, "z": 1.0})


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_has_no_spelling(number: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json({"x": [number]})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_the_order_of_keys_is_no_difference(data: dict[str, object]) -> None:
    backwards = dict(reversed(list(data.items())))
    assert canonical_json(data) == canonical_json(backwards)
    assert json.loads(canonical_json(data)) == data


@settings(max_examples=50, deadline=None)
@given(JSON)
def test_what_was_stored_hashes_as_it_did_before(data: object) -> None:
    assert sha256_of(json.loads(canonical_json(data))) == sha256_of(data)


def test_the_spelling_is_utf8_without_spaces() -> None:
    assert canonical_json({"b": "ü", "a": [1, None]}) == '{"a":[1,null],"b":"ü"}'
