"""JSON documents: arrays, columns, rows inside an object; one bad record does not spoil the others."""

import json

import pytest

from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.errors import GateRefusedError, SourceError
from brewslm.core.events.reasons import Reason
from tests.unit.stages.workbench import Workbench

ROWS = [{"q": f"question {n}", "a": n} for n in range(8)]


def records(bench: Workbench, snapshot: Snapshot) -> list[object]:
    return [
        None if row["record"] is None else json.loads(row["record"]) for row in bench.rows(snapshot, "rows.parquet")
    ]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("wrap", ["array", "rows", "columns"])
def test_every_layout_gives_the_same_rows(bench: Workbench, wrap: str, indent: int | None) -> None:
    columns = {"q": [row["q"] for row in ROWS], "a": [row["a"] for row in ROWS]}
    document: object = {"array": ROWS, "rows": {"version": "1", "data": ROWS}, "columns": columns}[wrap]
    snapshot = bench.ingest("data.json", json.dumps(document, indent=indent))
    assert records(bench, snapshot) == ROWS
    assert snapshot.format == "json"
    assert snapshot.reading["layout"] == wrap
    assert snapshot.columns == ("q", "a")


def test_lines_and_offsets_are_those_of_the_file(bench: Workbench) -> None:
    text = '\ufeff[\r\n  {"a": "é"},\r\n\r\n  {"a": "b"}]'
    snapshot = bench.ingest("data.json", text)
    data = text.encode()
    places = [(row["line"], row["byte_offset"]) for row in bench.rows(snapshot, "rows.parquet")]
    assert places == [(2, data.index(b'{"a": "\xc3')), (4, data.index(b'{"a": "b'))]


def test_json_lines_under_the_name_json(bench: Workbench) -> None:
    snapshot = bench.ingest("data.json", "\n".join(json.dumps(row) for row in ROWS))
    assert snapshot.format == "jsonl"
    assert records(bench, snapshot) == ROWS


def test_an_array_under_the_name_jsonl(bench: Workbench) -> None:
    snapshot = bench.ingest("data.jsonl", json.dumps(ROWS))
    assert snapshot.format == "json"
    assert records(bench, snapshot) == ROWS


def test_a_single_object_is_one_row(bench: Workbench) -> None:
    snapshot = bench.ingest("data.json", json.dumps({"prompt": "a", "completion": "b"}, indent=1))
    assert records(bench, snapshot) == [{"prompt": "a", "completion": "b"}]


def test_a_single_conversation_is_one_row(bench: Workbench) -> None:
    chat = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}
    assert records(bench, bench.ingest("data.json", json.dumps(chat))) == [chat]


@pytest.mark.parametrize(
    "bad",
    [
        '{"q": 1, "q": 2}',
        '{"q": NaN}',
        '{"q": 1,, "a": 2}',
        "{q: 1}",
        "17",
        '{"q": "\\ud83d"}',
        '{"q": "x}',
        '{"q": x"}',
    ],
)
def test_one_bad_record_does_not_spoil_the_others(bench: Workbench, bad: str) -> None:
    parts = [json.dumps(row) for row in ROWS]
    parts[3] = bad
    snapshot = bench.ingest("data.json", "[\n" + ",\n".join(parts) + "\n]")
    assert snapshot.num_malformed >= 1
    assert snapshot.first_problems[0].startswith("line 5: ")
    kept = [record for record in records(bench, snapshot) if record is not None]
    assert kept[:3] == ROWS[:3]
    assert kept[-3:] == ROWS[-3:]


def test_a_document_that_is_cut_off_keeps_what_is_whole(bench: Workbench) -> None:
    text = json.dumps(ROWS)[:-10]
    snapshot = bench.ingest("data.json", text)
    assert snapshot.num_rows == len(ROWS)
    assert snapshot.num_malformed == 1
    assert "ends inside this record" in snapshot.first_problems[0]


def test_an_unclosed_quote_that_hides_most_of_a_document_is_refused(bench: Workbench) -> None:
    text = json.dumps(ROWS).replace('question 1"', "question 1", 1)
    with pytest.raises((SourceError, GateRefusedError)) as caught:
        bench.ingest("data.json", text)
    assert caught.value.code == Reason.INGESTION_MALFORMED
    assert "line 1: " in str(caught.value).lower()


def test_what_follows_the_end_is_malformed_not_forgotten(bench: Workbench) -> None:
    snapshot = bench.ingest("data.json", json.dumps(ROWS) + "\n" + json.dumps(ROWS))
    assert (snapshot.num_rows, snapshot.num_malformed) == (len(ROWS) + 1, 1)
    assert "follow the end of the document" in snapshot.first_problems[0]


@pytest.mark.parametrize("text", ["[]", '{"data": []}', " [ ] "])
def test_a_document_without_rows_is_empty(bench: Workbench, text: str) -> None:
    with pytest.raises((SourceError, GateRefusedError)) as caught:
        bench.ingest("data.json", text)
    assert caught.value.code == Reason.INGESTION_EMPTY


def test_columns_of_different_length_are_refused(bench: Workbench) -> None:
    with pytest.raises(SourceError, match="'a' has 2, 'b' has 1") as caught:
        bench.ingest("data.json", '{"a": [1, 2], "b": [1]}')
    assert caught.value.code == Reason.INGESTION_MALFORMED


def test_an_object_with_two_lists_of_rows_is_refused(bench: Workbench) -> None:
    with pytest.raises(SourceError, match="rows cannot be told") as caught:
        bench.ingest("data.json", '{"train": [{"a": 1}], "test": [{"a": 2}]}')
    assert caught.value.code == Reason.INGESTION_UNSUPPORTED_FORMAT


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 100_000, "[" + "[" * 100_000 + "]" * 100_000 + "]"])
def test_a_document_that_is_nested_deeply_is_no_crash(bench: Workbench, text: str) -> None:
    with pytest.raises((SourceError, GateRefusedError)):
        bench.ingest("data.json", text)


def test_damaged_bytes_spoil_only_their_record(bench: Workbench) -> None:
    snapshot = bench.ingest(
        "data.json", '[{"a": "é"}, {"a": "?"}, {"a": "b"}, {"a": 1}]'.encode().replace(b"?", b"\xff")
    )
    assert [record is None for record in records(bench, snapshot)] == [False, True, False, False]
