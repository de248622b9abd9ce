"""Transforms are data, applied in order to a copy of the record; what they cannot do is said."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from brewslm.core.artifacts.dataset import RejectionReason as R
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.artifacts.transforms import Transform
from brewslm.core.errors import InvalidRequestError
from brewslm.core.mapping.convert import convert
from brewslm.core.mapping.outcome import Converted, Refused, SourceRow
from brewslm.core.mapping.seen import SeenIds
from brewslm.core.mapping.transform import check_template, transformed

STEP: TypeAdapter[Any] = TypeAdapter(Transform)


def made(record: dict[str, Any], *steps: dict[str, Any]) -> dict[str, Any] | Refused:
    before = repr(record)
    found = transformed(record, [STEP.validate_python(step) for step in steps])
    assert repr(record) == before
    return found


@pytest.mark.parametrize(
    ("record", "step", "after"),
    [
        ({"a": 1}, {"op": "rename", "column": "a", "to": "b"}, {"b": 1}),
        ({"a": {"x": 1}}, {"op": "rename", "column": "a.x", "to": "b"}, {"a": {"x": 1}, "b": 1}),
        ({"c": 1}, {"op": "rename", "column": "a", "to": "b"}, {"c": 1}),
        (
            {"a": "x", "n": 2},
            {"op": "template", "to": "t", "template": "{a}: {n} {{}}"},
            {"a": "x", "n": 2, "t": "x: 2 {}"},
        ),
        ({"a": "x", "b": ""}, {"op": "join", "to": "t", "columns": ["a", "b", "c"]}, {"a": "x", "b": "", "t": "x"}),
        ({"a": ["x", "y"]}, {"op": "join", "to": "a", "columns": ["a"], "separator": "; "}, {"a": "x; y"}),
        ({"a": '{"x": 1}'}, {"op": "parse_json", "column": "a"}, {"a": {"x": 1}}),
        ({"a": "{'x': 1}"}, {"op": "parse_json", "column": "a"}, {"a": {"x": 1}}),
        ({"a": [1]}, {"op": "parse_json", "column": "a"}, {"a": [1]}),
        ({"a": 0}, {"op": "label_map", "column": "a", "names": {"0": "no"}}, {"a": "no"}),
        ({"a": True}, {"op": "label_map", "column": "a", "names": {"true": "yes"}}, {"a": "yes"}),
        ({"a": None}, {"op": "default", "column": "a", "value": "x"}, {"a": "x"}),
        ({"a": {"t": []}}, {"op": "default", "column": "a.t", "value": "none"}, {"a": {"t": "none"}}),
        ({"a": "y"}, {"op": "default", "column": "a", "value": "x"}, {"a": "y"}),
        ({"a": " 7 "}, {"op": "cast", "column": "a", "type": "integer"}, {"a": 7}),
        ({"a": "2.0"}, {"op": "cast", "column": "a", "type": "integer"}, {"a": 2}),
        ({"a": "2.5"}, {"op": "cast", "column": "a", "type": "number"}, {"a": 2.5}),
        ({"a": "No"}, {"op": "cast", "column": "a", "type": "boolean"}, {"a": False}),
        ({"a": 3}, {"op": "cast", "column": "a", "type": "text"}, {"a": "3"}),
    ],
)
def test_a_step_makes_a_copy(record: dict[str, Any], step: dict[str, Any], after: dict[str, Any]) -> None:
    assert made(record, step) == after


@pytest.mark.parametrize(
    ("record", "step", "reason"),
    [
        ({}, {"op": "template", "to": "t", "template": "{a}"}, R.MISSING_FIELD),
        ({"a": [1]}, {"op": "template", "to": "t", "template": "{a}"}, R.WRONG_TYPE),
        ({}, {"op": "join", "to": "t", "columns": ["a"]}, R.MISSING_FIELD),
        ({"a": {"x": 1}}, {"op": "join", "to": "t", "columns": ["a"]}, R.WRONG_TYPE),
        ({"a": "{x"}, {"op": "parse_json", "column": "a"}, R.BAD_JSON),
        ({}, {"op": "parse_json", "column": "a"}, R.MISSING_FIELD),
        ({"a": "2"}, {"op": "label_map", "column": "a", "names": {"0": "no"}}, R.LABEL_NOT_ALLOWED),
        ({"a": "x"}, {"op": "cast", "column": "a", "type": "integer"}, R.WRONG_TYPE),
        ({"a": "9" * 5000}, {"op": "cast", "column": "a", "type": "integer"}, R.WRONG_TYPE),
        ({"a": "nan"}, {"op": "cast", "column": "a", "type": "number"}, R.WRONG_TYPE),
        ({"a": "maybe"}, {"op": "cast", "column": "a", "type": "boolean"}, R.WRONG_TYPE),
        ({"a": "no marks"}, {"op": "split_turns", "column": "a", "marks": {"Q:": "user"}}, R.UNKNOWN_ROLE),
        ({"a": 5}, {"op": "split_turns", "column": "a", "marks": {"Q:": "user"}}, R.WRONG_TYPE),
    ],
)
def test_a_step_that_cannot_be_done_refuses_the_row(record: dict[str, Any], step: dict[str, Any], reason: R) -> None:
    found = made(record, step)
    assert isinstance(found, Refused)
    assert found.reason == reason


def test_steps_are_applied_in_order_before_the_columns_are_read() -> None:
    steps = [
        {"op": "split_turns", "column": "log", "marks": {"Q:": "user", "A:": "assistant"}, "ends": ["<end>"]},
        {"op": "rename", "column": "messages", "to": "talk"},
    ]
    row = SourceRow(0, 1, 0, {"log": "Q: a A: b<end>Q: c A: d<end>", "n": 1}, "")
    outcome = convert(row, "chat", ColumnMap(messages="talk"), [STEP.validate_python(step) for step in steps])
    assert isinstance(outcome, Converted), outcome
    assert [turn.content for turn in outcome.example.messages] == ["a", "b", "c", "d"]
    assert outcome.example.metadata == '{"n":1}'


def test_a_step_that_nobody_knows_is_no_mapping() -> None:
    for step in ({"op": "eval", "column": "a"}, {"column": "a"}, {"op": "cast", "column": "a", "type": "date"}):
        with pytest.raises(ValidationError):
            STEP.validate_python(step)


@pytest.mark.parametrize("template", ["no column", "{a} {", "{} x", "{a} }"])
def test_a_template_with_a_stray_brace_is_refused_before_any_row(template: str) -> None:
    with pytest.raises(InvalidRequestError, match="the template"):
        check_template(template)


def test_ids_are_remembered_in_few_bytes() -> None:
    seen = SeenIds()
    assert all(seen.add(f"id-{n}") for n in range(20_000))
    assert not any(seen.add(f"id-{n}") for n in range(20_000))
    assert seen.num_bytes <= 20_000 * 40
