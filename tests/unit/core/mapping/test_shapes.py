"""Every shape: what its records become, and why others are refused."""

import json
from typing import Any

import pytest

from brewslm.core.artifacts.dataset import RejectionReason as R
from brewslm.core.artifacts.dataset import RepairRule
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.data.example import Example, Shape, chat_of
from brewslm.core.mapping.convert import converter
from brewslm.core.mapping.outcome import Converted, Outcome, Refused, SourceRow

CHAT = ColumnMap(messages="m", tools="t")
PREFERENCE = ColumnMap(prompt="p", chosen="c", rejected="r")
TALKS = ColumnMap(messages="m", chosen="c", rejected="r", role_key="from", content_key="value")
SPANS = ColumnMap(text="t", spans="s")
TARGET = ColumnMap(text="t", target="j")
TAGS = ColumnMap(tokens="w", tags="g", tag_names=("O", "B-PER", "I-PER"))
FEEDBACK = ColumnMap(prompt="p", completion="c", label="l")


def outcome_of(record: dict[str, Any], shape: Shape, columns: ColumnMap, **limits: Any) -> Outcome:
    return converter(shape, columns, **limits)(SourceRow(3, 4, 5, record, ""))


def example_of(record: dict[str, Any], shape: Shape, columns: ColumnMap) -> Example:
    outcome = outcome_of(record, shape, columns)
    assert isinstance(outcome, Converted), outcome
    return outcome.example


def told(example: Example) -> list[tuple[str, str]]:
    return [(turn.role, turn.content) for turn in example.messages]


def test_tool_calls_become_calls_and_the_tools_are_told_once() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"b": 2, "a": 1}'}}
    turns = [
        {"role": "user", "content": "1+2?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "3", "tool_call_id": "c1", "name": "add"},
        {"role": "assistant", "content": [{"type": "text", "text": "It is "}, {"type": "text", "text": "3."}]},
    ]
    example = example_of({"m": turns, "t": json.dumps([{"name": "add"}])}, "chat", CHAT)
    assert told(example) == [("user", "1+2?"), ("assistant", ""), ("tool", "3"), ("assistant", "It is 3.")]
    assert example.messages[1].tool_calls[0].arguments == '{"a":1,"b":2}'
    assert example.messages[2].tool_call_id == "c1"
    assert example.tools == '[{"function":{"name":"add"},"type":"function"}]'
    assert chat_of(example.messages)[1]["tool_calls"][0]["function"]["arguments"] == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    "turn",
    [
        {"from": "function_call", "value": '{"name": "add", "arguments": {"a": 1}}'},
        {"from": "gpt", "value": "", "function_call": {"name": "add", "arguments": '{"a": 1}'}},
        {"role": "assistant", "content": None, "tool_calls": [{"name": "add", "arguments": {"a": 1}}]},
    ],
)
def test_every_spelling_of_a_call_is_the_same_example(turn: dict[str, Any]) -> None:
    turns = [
        {"from": "human", "value": "go"},
        turn,
        {"from": "observation", "value": "1"},
        {"from": "gpt", "value": "1"},
    ]
    example = example_of({"m": turns}, "chat", CHAT)
    assert [call.name for call in example.messages[1].tool_calls] == ["add"]
    plain = [
        {"role": "user", "content": "go"},
        {"role": "assistant", "tool_calls": [{"name": "add", "arguments": {"a": 1}}]},
    ]
    plain += [{"role": "tool", "content": "1"}, {"role": "assistant", "content": "1"}]
    assert example.id == example_of({"m": plain}, "chat", CHAT).id


def test_equal_texts_in_other_places_have_other_ids() -> None:
    one = example_of({"p": "a", "c": "b", "l": True}, "binary_feedback", FEEDBACK)
    assert one.label == "good"
    assert one.id != example_of({"p": "a", "c": "b", "l": False}, "binary_feedback", FEEDBACK).id
    assert one.id != example_of({"p": "a", "c": "b"}, "qa", FEEDBACK).id
    pairs = [{"p": "x", "c": "a", "r": "b"}, {"p": "x", "c": "b", "r": "a"}]
    assert len({example_of(pair, "preference", PREFERENCE).id for pair in pairs}) == 2


@pytest.mark.parametrize(
    ("turns", "roles", "repair"),
    [
        (["assistant", "user", "assistant"], ["user", "assistant"], RepairRule.LEADING_ASSISTANT_TURN_DROPPED),
        (["user", "assistant", "user"], ["user", "assistant"], RepairRule.TRAILING_USER_TURN_DROPPED),
        (["user", "call", "tool", "tool"], ["user", "assistant"], RepairRule.TRAILING_TOOL_TURN_DROPPED),
    ],
)
def test_what_nobody_answers_is_dropped_and_counted(turns: list[str], roles: list[str], repair: RepairRule) -> None:
    call = {"role": "assistant", "content": "", "tool_calls": [{"name": "f"}]}
    spoken = [call if role == "call" else {"role": role, "content": "x"} for role in turns]
    outcome = outcome_of({"m": spoken}, "chat", CHAT)
    assert isinstance(outcome, Converted), outcome
    assert [turn.role for turn in outcome.example.messages] == roles
    assert outcome.repairs == (repair,)


@pytest.mark.parametrize("spell", [json.dumps, str])
def test_turns_may_be_spelled_as_json_or_as_python_in_a_cell(spell: Any) -> None:
    turns = [{"role": "user", "content": "it's?"}, {"role": "assistant", "content": "yes"}]
    outcome = outcome_of({"m": spell(turns)}, "chat", CHAT)
    assert isinstance(outcome, Converted), outcome
    assert told(outcome.example) == [("user", "it's?"), ("assistant", "yes")]
    assert outcome.repairs == (() if spell is json.dumps else (RepairRule.PYTHON_LITERAL_READ,))


GOOD = {"from": "gpt", "value": "good"}
POOR = {"from": "gpt", "value": "bad"}
ASK = {"from": "human", "value": "q"}


@pytest.mark.parametrize(
    ("record", "columns"),
    [
        ({"p": "q", "c": "good", "r": "bad"}, PREFERENCE),
        ({"m": [ASK], "c": GOOD, "r": POOR}, TALKS),
        ({"m": [ASK], "c": [GOOD], "r": [POOR]}, TALKS),
        ({"c": [ASK, GOOD], "r": [ASK, POOR]}, TALKS),
        ({"p": "q", "c": [ASK, GOOD], "r": [ASK, POOR]}, PREFERENCE),
        ({"c": "\n\nHuman: q\n\nAssistant: good", "r": "\n\nHuman: q\n\nAssistant: bad"}, PREFERENCE),
        ({"p": [ASK], "c": "good", "r": "bad"}, PREFERENCE),
    ],
)
def test_every_spelling_of_a_preference_is_the_same_example(record: dict[str, Any], columns: ColumnMap) -> None:
    example = example_of(record, "preference", columns)
    assert told(example) == [("user", "q")]
    assert [turn.content for turn in (*example.chosen, *example.rejected)] == ["good", "bad"]
    assert example.id == example_of({"p": "q", "c": "good", "r": "bad"}, "preference", PREFERENCE).id


def test_spans_become_what_stands_there_in_order() -> None:
    spans = [{"start": 12, "end": 16, "label": "CITY"}, {"start_offset": 0, "end_offset": 4, "type": "PERSON"}]
    example = example_of({"t": "Anna was in Oslo.", "s": spans}, "extraction", SPANS)
    entities = [{"label": "PERSON", "text": "Anna"}, {"label": "CITY", "text": "Oslo"}]
    assert json.loads(str(example.target_json)) == {"entities": entities}
    assert example.messages[-1].content == example.target_json


@pytest.mark.parametrize(
    ("words", "tags", "text", "entities"),
    [
        (["Anna", "Berg", "left", "."], ["B-PER", "I-PER", "O", "O"], "Anna Berg left.", [("PER", "Anna Berg")]),
        (["Anna", "met", "Tom"], [1, 0, 1], "Anna met Tom", [("PER", "Anna"), ("PER", "Tom")]),
        (["Anna", "Tom"], ["I-PER", "I-PER"], "Anna Tom", [("PER", "Anna Tom")]),
        (["Anna", "Tom"], ["B-PER", "B-PER"], "Anna Tom", [("PER", "Anna"), ("PER", "Tom")]),
        (["New", "York"], ["B-LOC", "L-LOC"], "New York", [("LOC", "New York")]),
        (["北", "京", "很", "大"], ["B-LOC", "I-LOC", "O", "O"], "北京很大", [("LOC", "北京")]),
        ("['Anna', 'left']", "['S-PER', 'O']", "Anna left", [("PER", "Anna")]),
    ],
)
def test_tags_become_entities(words: Any, tags: Any, text: str, entities: list[tuple[str, str]]) -> None:
    example = example_of({"w": words, "g": tags}, "extraction", TAGS)
    assert example.messages[0].content == text
    found = json.loads(str(example.target_json))["entities"]
    assert [(one["label"], one["text"]) for one in found] == entities


def test_a_target_is_canonical_however_it_is_spelled() -> None:
    texts = [{"t": "x", "j": {"b": 1, "a": [2]}}, {"t": "x", "j": '{"a": [2],  "b": 1}'}]
    assert {example_of(one, "extraction", TARGET).target_json for one in texts} == {'{"a":[2],"b":1}'}


def test_a_text_has_no_messages_and_its_words_are_its_id() -> None:
    columns = ColumnMap(text="t")
    example = example_of({"t": " words \n", "url": "u"}, "documents", columns)
    assert (example.text, example.messages, example.metadata) == ("words", (), '{"url":"u"}')
    assert example.id != example_of({"t": "other"}, "documents", columns).id


def test_an_instruction_is_said_before_every_text() -> None:
    columns = ColumnMap(prompt="p", completion="c", instruction="Translate to German:")
    assert told(example_of({"p": "cat", "c": "Katze"}, "translation", columns))[0] == (
        "user",
        "Translate to German:\n\ncat",
    )


@pytest.mark.parametrize(
    ("record", "shape", "columns", "reason", "words"),
    [
        ({"m": "[{"}, "chat", CHAT, R.BAD_JSON, "is no JSON"),
        (
            {"m": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "chat",
            CHAT,
            R.UNSUPPORTED_CONTENT,
            "image_url",
        ),
        ({"m": [{"role": "function_call", "content": "{}"}]}, "chat", CHAT, R.BAD_TOOL_CALL, "no name"),
        ({"m": [{"role": "function_call", "content": "{"}]}, "chat", CHAT, R.BAD_TOOL_CALL, "no JSON"),
        (
            {"m": [{"role": "assistant", "tool_calls": [{"name": "f", "arguments": "[1]"}]}]},
            "chat",
            CHAT,
            R.BAD_TOOL_CALL,
            "an array, not an object",
        ),
        (
            {"m": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "t": "[1]"},
            "chat",
            CHAT,
            R.BAD_TOOL_CALL,
            "tool 1",
        ),
        ({"p": "q", "c": "a", "r": "a"}, "preference", PREFERENCE, R.SAME_ANSWERS, "are equal"),
        ({"p": "q", "c": "a", "r": " "}, "preference", PREFERENCE, R.EMPTY_COMPLETION, "'r' is empty"),
        ({"p": " ", "c": "a", "r": "b"}, "preference", PREFERENCE, R.EMPTY_PROMPT, "'p' is empty"),
        ({"p": "q", "c": "a"}, "preference", PREFERENCE, R.MISSING_FIELD, "'r' is missing"),
        (
            {"c": [ASK, GOOD], "r": [{"from": "human", "value": "z"}, POOR]},
            "preference",
            TALKS,
            R.NO_SHARED_PROMPT,
            "begin",
        ),
        ({"p": "q", "c": "a", "l": "perhaps"}, "binary_feedback", FEEDBACK, R.LABEL_NOT_ALLOWED, "'perhaps'"),
        (
            {"t": "abc", "s": [{"start": 1, "end": 9, "label": "X"}]},
            "extraction",
            SPANS,
            R.SPANS_OUT_OF_RANGE,
            "1 to 9",
        ),
        ({"t": "abc", "s": [{"start": -1, "end": 2, "label": "X"}]}, "extraction", SPANS, R.SPANS_OUT_OF_RANGE, "-1"),
        ({"t": "abc", "s": [[2, 2, "X"]]}, "extraction", SPANS, R.SPANS_OUT_OF_RANGE, "2 to 2"),
        ({"t": "abc", "s": [[0, True, "X"]]}, "extraction", SPANS, R.SPANS_OUT_OF_RANGE, "True"),
        (
            {"t": "abc", "s": [{"start": 0, "end": 1, "label": "X", "text": "b"}]},
            "extraction",
            SPANS,
            R.SPANS_OUT_OF_RANGE,
            "says 'b'",
        ),
        ({"t": "abc", "s": [{"start": 0, "end": 1}]}, "extraction", SPANS, R.BAD_JSON_TARGET, "no label"),
        ({"t": "abc", "j": "not json"}, "extraction", TARGET, R.BAD_JSON_TARGET, "is no JSON"),
        ({"t": "abc", "j": "17"}, "extraction", TARGET, R.BAD_JSON_TARGET, "a number"),
        ({"t": "abc", "j": '{"a": NaN}'}, "extraction", TARGET, R.BAD_JSON_TARGET, "NaN"),
        ({"t": "abc", "j": '{"a": "\\ud800"}'}, "extraction", TARGET, R.BAD_JSON_TARGET, "half of a character"),
        ({"t": "abc", "j": "[" * 100_000}, "extraction", TARGET, R.BAD_JSON_TARGET, "is no JSON"),
        ({"w": ["a"], "g": ["O", "O"]}, "extraction", TAGS, R.BAD_TAGS, "1 tokens and 2 tags"),
        ({"w": ["a"], "g": ["noun"]}, "extraction", TAGS, R.BAD_TAGS, "'noun'"),
        ({"w": ["a"], "g": [9]}, "extraction", TAGS, R.BAD_TAGS, "'9'"),
        ({"t": " \u200b"}, "plain_text", ColumnMap(text="t"), R.EMPTY_TEXT, "'t' is empty"),
    ],
)
def test_what_cannot_be_told_is_refused(
    record: dict[str, Any], shape: Shape, columns: ColumnMap, reason: R, words: str
) -> None:
    outcome = outcome_of(record, shape, columns)
    assert isinstance(outcome, Refused), outcome
    assert outcome.reason == reason
    assert words in outcome.detail


def test_what_is_longer_than_allowed_is_refused() -> None:
    columns = ColumnMap(prompt="p", completion="c")
    outcome = outcome_of({"p": "a" * 6, "c": "b" * 5}, "qa", columns, max_characters=10)
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.detail) == (R.TOO_LONG, "it has 11 characters, 10 are allowed")
    assert isinstance(outcome_of({"p": "a" * 5, "c": "b" * 5}, "qa", columns, max_characters=10), Converted)


def test_paths_lead_into_nested_values_and_a_key_with_dots_is_found_first() -> None:
    columns = ColumnMap(prompt="q.text", completion="answers.text.0")
    nested = {"q": {"text": "why"}, "answers": {"text": ["so", "thus"], "answer_start": [1]}, "n": 3}
    example = example_of(nested, "qa", columns)
    assert told(example) == [("user", "why"), ("assistant", "so")]
    assert example.metadata == '{"n":3}'
    assert told(example_of({**nested, "q.text": "flat"}, "qa", columns))[0] == ("user", "flat")
    for answers in ({"text": []}, {"text": "so"}, {}, None, [1]):
        outcome = outcome_of({**nested, "answers": answers}, "qa", columns)
        assert isinstance(outcome, Refused)
        assert outcome.reason == R.MISSING_FIELD


def test_metadata_is_scalar_small_and_no_part_of_the_id() -> None:
    columns = ColumnMap(prompt="p", completion="c")
    record = {"p": "q", "c": "a", "z": "x" * 600, "list": [1], "none": None, "flag": True, "big": "y" * 500}
    kept = json.loads(str(example_of(record, "qa", columns).metadata))
    assert kept == {"flag": True, "big": "y" * 500}
    many = {"p": "q", "c": "a", **{f"k{n:02}": "v" * 400 for n in range(30)}}
    example = example_of(many, "qa", columns)
    assert list(json.loads(str(example.metadata))) == [f"k{n:02}" for n in range(10)]
    assert example.id == example_of({"p": "q", "c": "a"}, "qa", columns).id
    assert example_of({"p": "q", "c": "a"}, "qa", columns).metadata is None


def test_the_split_of_the_source_is_kept() -> None:
    outcome = converter("qa", ColumnMap(prompt="p", completion="c"))(
        SourceRow(0, 1, 0, {"p": "q", "c": "a"}, "", split="validation")
    )
    assert isinstance(outcome, Converted)
    assert outcome.example.metadata == '{"split":"validation"}'
