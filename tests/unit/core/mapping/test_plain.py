"""The quick reading of a row gives what the converters give, or leaves the row to them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brewslm.core.artifacts.base import SnapshotId
from brewslm.core.artifacts.mapping import MappingPlan
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.data.example import Shape
from brewslm.core.data.snapshot_row import SnapshotRow
from brewslm.core.mapping.convert import CONVERTERS, convert
from brewslm.core.mapping.outcome import Converted, source_row
from brewslm.core.mapping.plain import Plain, plain_reader
from brewslm.core.mapping.roles import ROLE_NAMES
from brewslm.core.value import canonical_json

READ = sorted(set(CONVERTERS) - {"preference", "binary_feedback", "extraction"})
COLUMNS = ColumnMap(messages="m", prompt="p", completion="c", text="p", label="c")
GOOD: list[Any] = ["a", "two words", "é\U0001f600", "日本", "\u200ba", "yes"]
ODD: list[Any] = [" b ", "c\n", "", " ", "\u200b", "\u3000", None, True, 0, 5, 10**30, 0.5, [], ["a"], {}, {"s": "a"}]
VALUES = st.sampled_from(GOOD * 12 + ODD)
NAMES = st.sampled_from(["user", "assistant", "system", "gpt", "human", "tool", "Tool_Call", " user", "User", "nobody"])
TURNS = st.one_of(
    VALUES,
    st.fixed_dictionaries({"role": NAMES, "content": VALUES}, optional={"tool_calls": VALUES, "weight": VALUES}),
    st.fixed_dictionaries({"from": NAMES, "value": VALUES}),
    st.fixed_dictionaries({"role": NAMES, "tool_calls": VALUES}),
)


def talk_of(texts: list[Any], keys: tuple[str, str], first: int, num_pairs: int, name: str) -> list[dict[str, Any]]:
    roles = ("system", *("user", name) * num_pairs)[first:]
    return [dict(zip(keys, turn, strict=True)) for turn in zip(roles, texts, strict=False)]


KEYS = st.sampled_from([*[("role", "content")] * 4, ("from", "value")])
SPEAKERS = st.sampled_from(["assistant", "assistant", "gpt", "tool_call"])
TALKS = st.builds(
    talk_of, st.lists(VALUES, min_size=5, max_size=5), KEYS, st.integers(0, 1), st.integers(1, 2), SPEAKERS
)
RECORDS = st.fixed_dictionaries(
    {"p": VALUES, "c": VALUES, "m": st.one_of(TALKS, TALKS, TALKS.map(canonical_json), st.lists(TURNS, max_size=5))},
    optional={"s": VALUES, "x": VALUES, "t": st.just("") | VALUES, "kept": VALUES},
)


MAPS = st.builds(
    lambda system, context, tools, instruction, labels, keys: COLUMNS.model_copy(
        update={
            "system": system,
            "context": context,
            "tools": tools,
            "instruction": instruction,
            "labels": labels,
            **dict(zip(("role_key", "content_key"), keys, strict=True)),
        }
    ),
    st.sampled_from([None, "s", "x.s"]),
    st.sampled_from([None, "x", "x.s"]),
    st.sampled_from([None, "t"]),
    st.sampled_from([None, "Say:"]),
    st.sampled_from([(), ("a", "yes")]),
    KEYS | st.just(("role", "tool_calls")),
)


def plan_of(shape: Shape, columns: ColumnMap, **more: Any) -> MappingPlan:
    return MappingPlan(snapshot_id=SnapshotId("s"), shape=shape, columns=columns, **more)


def read(record: dict[str, Any], shape: Shape, columns: ColumnMap, split: str | None = None) -> Plain | None:
    reader = plain_reader(plan_of(shape, columns))
    assert reader is not None
    return reader(row_of(record, split), record)


def row_of(record: dict[str, Any], split: str | None = None) -> SnapshotRow:
    return SnapshotRow(7, 8, 9, canonical_json(record), None, None, "f", split)


@settings(deadline=None, max_examples=600)
@given(record=RECORDS, shape=st.sampled_from(READ), columns=MAPS, split=st.sampled_from([None, "test"]))
def test_what_is_read_quickly_is_what_the_converters_make(
    record: dict[str, Any], shape: Shape, columns: ColumnMap, split: str | None
) -> None:
    quick = read(record, shape, columns, split)
    if quick is not None:
        made = convert(source_row(row_of(record, split), record), shape, columns)
        assert isinstance(made, Converted)
        assert (quick.example, quick.repairs, quick.id) == (made.example, made.repairs, made.example.id)


TURNS_OF_ALL = [
    {"role": "system", "content": "be kind"},
    {"role": "human", "content": "hi"},
    {"role": "assistant", "content": "ho"},
]


@pytest.mark.parametrize("shape", READ)
def test_a_usual_row_of_every_shape_is_read_quickly(shape: Shape) -> None:
    columns = COLUMNS.model_copy(update={"context": "x", "system": "s", "role_names": dict(ROLE_NAMES)})
    assert read({"p": "q", "c": "a", "x": "", "m": TURNS_OF_ALL, "kept": 1}, shape, columns) is not None


@pytest.mark.parametrize("more", [{"max_characters": 9}, {"mapper": "mine"}])
def test_a_plan_that_wants_more_than_a_look_is_left_to_the_converters(more: dict[str, Any]) -> None:
    assert plain_reader(plan_of("qa", COLUMNS, **more)) is None
    assert plain_reader(plan_of("qa", COLUMNS.model_copy(update={"row_id": "id"}))) is None
    assert plain_reader(plan_of("preference", COLUMNS)) is None
