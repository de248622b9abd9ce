"""Records become examples, or say why not; what was mended is named."""

from typing import Any

import pytest

from brewslm.core.artifacts.dataset import RejectionReason as R
from brewslm.core.artifacts.dataset import RepairRule
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.data.example import Shape
from brewslm.core.mapping.convert import convert
from brewslm.core.mapping.outcome import Converted, Outcome, Refused, SourceRow
from brewslm.core.mapping.roles import ROLE_NAMES

CHAT = ColumnMap(messages="m", role_names=dict(ROLE_NAMES), system="s")
PAIR = ColumnMap(prompt="p", completion="c", context="x", system="s")
LABELLED = ColumnMap(text="t", label="l", labels=("3", "no", "yes"))


def row(record: dict[str, Any] | None) -> SourceRow:
    return SourceRow(row=7, line=8, byte_offset=9, record=record, raw="", problem="" if record else "not JSON")


def told(outcome: Outcome) -> list[tuple[str, str]]:
    assert isinstance(outcome, Converted), outcome
    return [(message.role, message.content) for message in outcome.example.messages]


def chat(*turns: tuple[str, Any], **more: Any) -> dict[str, Any]:
    return {"m": [{"role": role, "content": content} for role, content in turns], **more}


def test_a_conversation_keeps_its_turns() -> None:
    outcome = convert(row(chat(("system", "be kind"), ("user", "hi"), ("assistant", "ho"))), "chat", CHAT)
    assert told(outcome) == [("system", "be kind"), ("user", "hi"), ("assistant", "ho")]
    assert isinstance(outcome, Converted)
    assert outcome.repairs == ()
    assert outcome.example.source_row == 7


def test_sharegpt_names_are_ours() -> None:
    columns = CHAT.model_copy(update={"role_key": "from", "content_key": "value"})
    record = {"m": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "ho"}], "s": "be kind"}
    assert told(convert(row(record), "chat", columns)) == [("system", "be kind"), ("user", "hi"), ("assistant", "ho")]


def test_an_empty_system_text_is_left_out_and_a_second_one_does_not_replace_the_first() -> None:
    turns = (("user", "hi"), ("assistant", "ho"))
    assert told(convert(row(chat(("system", " "), *turns)), "chat", CHAT))[0][0] == "user"
    assert told(convert(row(chat(("system", "one"), *turns, s="two")), "chat", CHAT))[0] == ("system", "one")


def test_a_user_turn_that_nobody_answers_is_dropped_and_counted() -> None:
    outcome = convert(row(chat(("user", "hi"), ("assistant", "ho"), ("user", "and?"))), "chat", CHAT)
    assert told(outcome) == [("user", "hi"), ("assistant", "ho")]
    assert isinstance(outcome, Converted)
    assert outcome.repairs == (RepairRule.TRAILING_USER_TURN_DROPPED,)


@pytest.mark.parametrize(
    ("record", "reason", "words"),
    [
        (None, R.MALFORMED_RECORD, "not JSON"),
        ({"x": 1}, R.MISSING_FIELD, "'m' is missing"),
        ({"m": None}, R.MISSING_FIELD, "'m' is missing"),
        ({"m": "hi"}, R.WRONG_TYPE, "not a list of turns"),
        ({"m": ["hi"]}, R.WRONG_TYPE, "turn 1"),
        ({"m": []}, R.NO_ASSISTANT_TURN, "none of 0"),
        ({"m": [{"content": "hi"}]}, R.MISSING_FIELD, "turn 1 has no 'role'"),
        ({"m": [{"role": "user"}]}, R.MISSING_FIELD, "turn 1: the field 'content'"),
        (chat(("user", ["a"])), R.WRONG_TYPE, "turn 1: the field 'content' holds an array"),
        (chat(("user", "hi")), R.NO_ASSISTANT_TURN, "none of 1"),
        (chat(("user", "hi"), ("tool", "x"), ("assistant", "ho")), R.UNKNOWN_ROLE, "'tool'"),
        (chat(("assistant", "ho"), ("user", "hi")), R.ROLES_OUT_OF_ORDER, "turn 1 is the assistant's"),
        (chat(("user", "a"), ("user", "b"), ("assistant", "c")), R.ROLES_OUT_OF_ORDER, "turn 2 is the user's"),
        (chat(("user", "a"), ("assistant", "b"), ("assistant", "c")), R.ROLES_OUT_OF_ORDER, "turn 3"),
        (chat(("user", "a"), ("assistant", "b"), ("user", "c"), ("user", "d")), R.ROLES_OUT_OF_ORDER, "last turn"),
        (chat(("system", "s"), ("system", "t"), ("user", "a"), ("assistant", "b")), R.ROLES_OUT_OF_ORDER, "turn 2"),
        (chat(("user", " "), ("assistant", "ho")), R.EMPTY_PROMPT, "turn 1"),
        (chat(("user", "hi"), ("assistant", "\u200b")), R.EMPTY_COMPLETION, "turn 2"),
        (
            {"m": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "", "tool_calls": [{}]}]},
            R.UNKNOWN_ROLE,
            "'tool_calls'",
        ),
    ],
)
def test_a_conversation_that_cannot_be_told_is_refused(record: dict[str, Any], reason: R, words: str) -> None:
    outcome = convert(row(record), "chat", CHAT)
    assert isinstance(outcome, Refused)
    assert outcome.reason == reason
    assert words in outcome.detail


@pytest.mark.parametrize(
    ("shape", "asked"), [("instruction", "do\n\nthis"), ("prompt_completion", "do\n\nthis"), ("qa", "this\n\ndo")]
)
def test_the_context_stands_where_its_shape_has_it(shape: Shape, asked: str) -> None:
    outcome = convert(row({"p": "do", "x": "this", "c": "done"}), shape, PAIR)
    assert told(outcome) == [("user", asked), ("assistant", "done")]


@pytest.mark.parametrize("context", ["", None, " \n"])
def test_an_empty_context_adds_nothing(context: str | None) -> None:
    outcome = convert(row({"p": "do", "x": context, "c": "done", "s": "be kind"}), "instruction", PAIR)
    assert told(outcome) == [("system", "be kind"), ("user", "do"), ("assistant", "done")]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"c": "done"}, R.MISSING_FIELD),
        ({"p": "do"}, R.MISSING_FIELD),
        ({"p": "", "c": "done"}, R.EMPTY_PROMPT),
        ({"p": "do", "c": " \t\n"}, R.EMPTY_COMPLETION),
        ({"p": ["do"], "c": "done"}, R.WRONG_TYPE),
        ({"p": "do", "c": True}, R.WRONG_TYPE),
        ({"p": "do", "c": "done", "x": {}}, R.WRONG_TYPE),
        ({"p": "do", "c": "done", "s": []}, R.WRONG_TYPE),
    ],
)
def test_a_pair_without_a_half_is_refused(record: dict[str, Any], reason: R) -> None:
    outcome = convert(row(record), "instruction", PAIR)
    assert isinstance(outcome, Refused)
    assert outcome.reason == reason


def test_repairs_are_named_once_each_and_only_where_something_changed() -> None:
    outcome = convert(row({"p": " do ", "c": 12, "x": "ok\n", "s": None}), "instruction", PAIR)
    assert told(outcome) == [("user", "do\n\nok"), ("assistant", "12")]
    assert isinstance(outcome, Converted)
    assert outcome.repairs == (RepairRule.NUMBER_AS_TEXT, RepairRule.WHITESPACE_TRIMMED)


def test_a_label_is_answer_and_label() -> None:
    outcome = convert(row({"t": "how?", "l": "yes"}), "classification", LABELLED)
    assert told(outcome) == [("user", "how?"), ("assistant", "yes")]
    assert isinstance(outcome, Converted)
    assert outcome.example.label == "yes"


@pytest.mark.parametrize(
    ("label", "reason"),
    [("maybe", R.LABEL_NOT_ALLOWED), ("Yes", R.LABEL_NOT_ALLOWED), ("", R.EMPTY_COMPLETION), (None, R.MISSING_FIELD)],
)
def test_a_label_outside_the_vocabulary_is_refused(label: str | None, reason: R) -> None:
    outcome = convert(row({"t": "how?", "l": label}), "classification", LABELLED)
    assert isinstance(outcome, Refused)
    assert outcome.reason == reason


def test_a_number_is_a_label_as_text() -> None:
    outcome = convert(row({"t": "how?", "l": 3}), "classification", LABELLED)
    assert isinstance(outcome, Converted)
    assert outcome.example.label == "3"
    assert outcome.repairs == (RepairRule.NUMBER_AS_TEXT,)


def test_equal_content_has_an_equal_id_whatever_its_row() -> None:
    records = [{"p": "do", "c": "done"}, {"p": " do", "c": "done", "other": 1}, {"p": "do", "c": "Done"}]
    outcomes = [convert(row(record), "instruction", PAIR) for record in records]
    ids = [outcome.example.id for outcome in outcomes if isinstance(outcome, Converted)]
    assert ids[0] == ids[1] != ids[2]
    assert len(ids[0]) == 16
    other = convert(row(records[0]), "qa", PAIR)
    assert isinstance(other, Converted)
    assert other.example.id != ids[0]


@pytest.mark.parametrize("shape", ["chat", "instruction", "qa", "prompt_completion", "classification"])
def test_a_column_map_without_what_its_shape_needs_is_a_mistake(shape: Shape) -> None:
    with pytest.raises(ValueError, match=f"a {shape} mapping needs"):
        convert(row({"a": 1}), shape, ColumnMap())
