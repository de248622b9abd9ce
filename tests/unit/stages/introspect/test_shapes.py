"""The shape of data is recognised by names and by content; where it is not certain, nothing is chosen."""

import json
import time
from typing import Any

import pytest

from brewslm.core.artifacts.schema import Schema
from brewslm.core.data.example import Shape
from brewslm.core.errors import GateRefusedError
from brewslm.core.events.reasons import Reason
from tests.unit.stages.workbench import Workbench

TURNS = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]
SHAREGPT = [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "ho"}]


def schema_of(bench: Workbench, rows: list[dict[str, Any]], **choices: Any) -> Schema:
    return bench.introspect(bench.ingest("data.jsonl", "\n".join(map(json.dumps, rows))), **choices)


def many(**columns: str) -> list[dict[str, Any]]:
    return [{name: f"{text} {n}" for name, text in columns.items()} for n in range(40)]


@pytest.mark.parametrize(
    ("rows", "shape"),
    [
        ([{"messages": TURNS}] * 5, "chat"),
        ([{"conversations": SHAREGPT, "id": "x"}] * 5, "chat"),
        ([{"dialog": SHAREGPT, "system": "be kind"}] * 5, "chat"),
        ([{"prompt": "hi", "prompt_id": "7", "messages": TURNS}] * 5, "chat"),
        (many(instruction="do", output="done"), "instruction"),
        (many(instruction="do", input="this", output="done"), "instruction"),
        (many(instruction="do", context="this", response="done", category="x"), "instruction"),
        (many(prompt="do", completion="done"), "prompt_completion"),
        (many(prompt="do", response="done"), "prompt_completion"),
        (many(input="do", output="done"), "prompt_completion"),
        (many(user_msg="do", bot="done"), "prompt_completion"),
        (many(question="why", answer="so"), "qa"),
        (many(question="why", answer="so", explanation="because", difficulty="easy"), "qa"),
        (many(context="there", question="why", answer="so"), "qa"),
        (many(问题="为什么", 回答="因为"), "qa"),
        ([{"text": f"t {n}", "label": "ab"[n % 2]} for n in range(9)], "classification"),
        ([{"text": f"t {n}", "label": n % 3} for n in range(9)], "classification"),
        ([{"review": f"t {n}", "stars": n % 5 + 1} for n in range(99)], "classification"),
        ([{"phrase": f"t {n}", "intent": "ab"[n % 2]} for n in range(9)], "classification"),
        ([{"id": str(n), "text": f"t {n}", "dept": "ab"[n % 2]} for n in range(99)], "classification"),
        (many(prompt="do", chosen="good", rejected="bad"), "preference"),
        ([{"question": f"{n}", "answer": f"{n * n}"} for n in range(9)], "qa"),
    ],
)
def test_a_clear_shape_is_chosen(bench: Workbench, rows: list[dict[str, Any]], shape: Shape) -> None:
    schema = schema_of(bench, rows)
    assert schema.chosen == shape, (schema.problem, [(h.shape, h.confidence) for h in schema.hypotheses])
    assert schema.problem == ""
    assert schema.hypotheses[0].shape == shape
    assert bench.reports[-1].reason == Reason.INTROSPECTION


def test_the_context_is_part_of_the_mapping(bench: Workbench) -> None:
    columns = schema_of(bench, many(context="there", question="why", answer="so")).hypotheses[0].columns
    assert (columns.prompt, columns.context, columns.completion) == ("question", "context", "answer")


TOOLS = [*SHAREGPT, {"from": "function_call", "value": "{}"}, {"from": "observation", "value": "{}"}, SHAREGPT[1]]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"conversations": TOOLS, "tools": "[]"}] * 5, "call 1 of turn 3 has no name"),
        ([{"conversations": SHAREGPT, "tools": "[1]"}] * 5, "tool 1 of the field 'tools' has no name"),
        ([{"conversations": SHAREGPT[:1], "chosen": SHAREGPT[1], "rejected": SHAREGPT[1]}] * 5, "are equal"),
        (many(prompt="do", response="so", chosen="good", rejected="bad"), "leaves out 'chosen'"),
        (many(a="one text", b="another text"), "below 0.80"),
        (many(input="do", label="done"), "`--as SHAPE --column ROLE=COLUMN`"),
        ([{"a": 1, "b": [2]}] * 5, "No reading converts a row; the columns are 'a', 'b'"),
        ([{"messages": TURNS}] * 3 + [{"messages": "none"}] * 3, "converts 3 of 6 sampled rows"),
    ],
)
def test_an_unclear_shape_is_left_to_the_user(bench: Workbench, rows: list[dict[str, Any]], words: str) -> None:
    schema = schema_of(bench, rows)
    assert schema.chosen is None
    assert words in schema.problem
    assert bench.reports[-1].reason == Reason.INTROSPECTION_AMBIGUOUS
    assert [finding.level for finding in bench.findings] == ["warn"]


def test_two_readings_that_are_near_are_left_to_the_user(bench: Workbench) -> None:
    rows = [{"instruction": f"do {n}", "input": f"this {n}", "text": f"t {n}", "label": "ab"[n % 2]} for n in range(40)]
    rows = [{**row, "question": "q", "answer": f"a {n}", "output": f"o {n}"} for n, row in enumerate(rows)]
    assert schema_of(bench, rows).chosen is None


def test_the_users_word_is_taken_if_it_converts_anything(bench: Workbench) -> None:
    rows = [{"conversations": TOOLS, "tools": "[]"}] * 4 + [{"conversations": SHAREGPT}]
    assert schema_of(bench, rows, as_shape="chat").chosen == "chat"
    refused = schema_of(bench, rows, as_shape="qa")
    assert refused.chosen is None
    assert "Read as qa, no row is converted" in refused.problem


def test_the_sample_is_spread_and_the_vocabulary_is_whole(bench: Workbench) -> None:
    rows = [{"text": f"t {n}", "label": "rare" if n == 777 else "often"} for n in range(1000)]
    schema = schema_of(bench, rows, sample_size=10)
    assert schema.num_sampled == 10
    assert schema.hypotheses[0].columns.labels == ("often", "rare")
    assert {profile.name: profile.examples for profile in schema.columns}["text"] == ("t 0", "t 100", "t 200")


def test_columns_are_described(bench: Workbench) -> None:
    rows: list[dict[str, Any]] = [{"a": "x" * n, "b": None} for n in range(5)]
    rows += [{"a": 7, "c": [1]}, {"c": {}, "d": True}]
    profiles = {profile.name: profile for profile in schema_of(bench, rows).columns}
    assert profiles["a"].types == {"null": 1, "number": 1, "string": 5}
    assert profiles["a"].fill_rate == 5 / 7
    assert profiles["a"].num_distinct == 5
    assert profiles["a"].length_quantiles == {"p10": 1.0, "p50": 3.0, "p90": 4.0, "max": 4.0}
    assert profiles["b"].fill_rate == 0.0
    assert profiles["c"].types == {"array": 1, "null": 5, "object": 1}
    assert profiles["d"].examples == ("true",)


def test_malformed_records_do_not_lower_the_confidence(bench: Workbench) -> None:
    lines = [json.dumps({"prompt": f"p {n}", "completion": f"c {n}"}) for n in range(8)] + ["{", "{"]
    schema = bench.introspect(bench.ingest("data.jsonl", "\n".join(lines)))
    assert schema.hypotheses[0].confidence == 1.0
    assert schema.num_sampled == 10


def test_a_snapshot_without_a_readable_record_is_refused(bench: Workbench) -> None:
    snapshot = bench.ingest("data.jsonl", '{"a\n{"b\n', max_malformed_share=1.0)
    with pytest.raises(GateRefusedError, match="None of the 2 records") as caught:
        bench.introspect(snapshot)
    assert caught.value.code == Reason.INGESTION_MALFORMED


def test_a_very_wide_file_is_looked_at_in_seconds(bench: Workbench) -> None:
    names = [f"c{n}" for n in range(1200)]
    lines = [names, *([f"text {row} {n}" if n % 3 else str(row % 4) for n in range(1200)] for row in range(40))]
    snapshot = bench.ingest("wide.csv", "\n".join(map(",".join, lines)))
    began_at = time.perf_counter()
    assert bench.introspect(snapshot).chosen is None
    assert time.perf_counter() - began_at < 20.0
