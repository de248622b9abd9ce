"""JSON Lines: every line is a row or a malformed record, whatever it holds."""

import json

import pytest

from brewslm.core.errors import GateRefusedError, SourceError
from brewslm.core.events.reasons import Reason
from tests.unit.stages.workbench import Workbench

GOOD = '{"prompt": "a", "completion": "b"}'


def problems(bench: Workbench, content: str | bytes) -> list[tuple[int, int, str | None, str | None]]:
    snapshot = bench.ingest("data.jsonl", content, max_malformed_share=1.0)
    rows = bench.rows(snapshot, "rows.parquet")
    assert [row["row"] for row in rows] == list(range(snapshot.num_rows))
    assert sum(row["problem"] is not None for row in rows) == snapshot.num_malformed
    assert all((row["record"] is None) == (row["problem"] is not None) == (row["raw"] is not None) for row in rows)
    return [(row["line"], row["byte_offset"], row["record"], row["problem"]) for row in rows]


def test_rows_keep_line_offset_and_canonical_text(bench: Workbench) -> None:
    found = problems(bench, '{"b": 1, "a": "é"}\n\n  {"a": 1.5e3}  \n')
    assert found == [(1, 0, '{"a":"é","b":1}', None), (3, 21, '{"a":1500.0}', None)]


def test_columns_are_in_order_of_appearance(bench: Workbench) -> None:
    snapshot = bench.ingest("data.jsonl", '{"b": 1, "a": 2}\n{"c": 1, "a": 2}\n')
    assert snapshot.columns == ("b", "a", "c")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"a": 1', "not JSON"),
        ("{'a': 1}", "not JSON"),
        ('{"a": "x\ty"}', "not JSON"),
        ('{"a": "x\0y"}', "not JSON"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": -Infinity}', "-Infinity is not a JSON number"),
        ('{"a": 1e999}', "a number is too large"),
        ('{"a": ' + "9" * 5000 + "}", "a number is too large"),
        ('{"a": 1, "a": 2}', "the key 'a' is named twice"),
        ('{"a": {"b": 1, "b": 2}}', "the key 'b' is named twice"),
        ("[1, 2]", "an object is expected, this is an array"),
        ("17", "an object is expected, this is a single value"),
        ('{"a": "\\ud800"}', "half of a surrogate pair"),
        ('{"\\udfff": 1}', "half of a surrogate pair"),
        ('{"a": "\\u0000"}', "the NUL character"),
        ('{"a": ' + "[" * 70 + "]" * 70 + "}", "nested more than"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested more than"),
        ("[" * 100_000, "nested more than"),
    ],
)
def test_a_bad_line_is_one_malformed_record(bench: Workbench, line: str, problem: str) -> None:
    found = problems(bench, f"{GOOD}\n{line}\n{GOOD}\n")
    assert [place for place, *_ in found] == [1, 2, 3]
    assert found[1][1] == len(GOOD) + 1
    assert found[0][3] is None
    assert found[2][3] is None
    assert problem in str(found[1][3])


def test_raw_text_of_a_malformed_record_is_kept(bench: Workbench) -> None:
    snapshot = bench.ingest(
        "data.jsonl", b'{"a": "\xc3\xa9\xff\x00"\n' + GOOD.encode() + b"\n", max_malformed_share=1.0
    )
    raw = bench.rows(snapshot, "rows.parquet")[0]["raw"]
    assert raw.rstrip() == '{"a": "é\\xff\\x00"'


def test_a_line_of_a_megabyte_is_read(bench: Workbench) -> None:
    long = json.dumps({"a": "x" * (3 << 20)})
    found = problems(bench, f"{GOOD}\n{long}\n{GOOD}\n")
    assert [line for line, *_ in found] == [1, 2, 3]
    assert found[1][2] == long.replace(": ", ":")
    assert found[2][1] == len(GOOD) + len(long) + 2


def test_a_line_beyond_the_limit_is_malformed_and_reading_goes_on(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brewslm.stages.ingest.reading.lines.MAX_LINE_BYTES", 100)
    monkeypatch.setattr("brewslm.stages.ingest.reading.lines.BLOCK_BYTES", 32)
    found = problems(bench, f'{GOOD}\n{{"a": "{"x" * 500}"}}\n{GOOD}\n')
    assert [line for line, *_ in found] == [1, 2, 3]
    assert "longer than" in str(found[1][3])
    assert found[2][3] is None


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_all_kinds(bench: Workbench, end: str) -> None:
    found = problems(bench, end.join([GOOD, GOOD, "", GOOD]))
    assert [line for line, *_ in found] == [1, 2, 4]
    assert [offset for _, offset, *_ in found] == [0, 34 + len(end), 2 * 34 + 3 * len(end)]
    assert all(problem is None for *_, problem in found)


def test_mixed_line_ends_across_block_borders(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brewslm.stages.ingest.reading.lines.BLOCK_BYTES", 5)
    found = problems(bench, '{"a":1}\r\n{"a":2}\r{"a":3}\n\r\n{"a":4}')
    assert [(line, offset) for line, offset, *_ in found] == [(1, 0), (2, 9), (3, 17), (5, 27)]


def test_line_separators_of_unicode_end_no_line(bench: Workbench) -> None:
    found = problems(bench, '{"a": "x\u2028y\u0085z"}\n')
    assert found == [(1, 0, '{"a":"x\u2028y\u0085z"}', None)]


@pytest.mark.parametrize("content", ["", "  \n\t\n", "\ufeff", "\ufeff\n\n"])
def test_an_empty_source_is_refused(bench: Workbench, content: str) -> None:
    with pytest.raises(SourceError) as caught:
        bench.ingest("data.jsonl", content)
    assert caught.value.code == Reason.INGESTION_EMPTY


def test_more_than_a_quarter_malformed_is_refused_with_the_first_lines(bench: Workbench) -> None:
    with pytest.raises(GateRefusedError) as caught:
        bench.ingest("data.jsonl", f"{GOOD}\n{{\n{GOOD}\noops\n")
    assert caught.value.code == Reason.INGESTION_MALFORMED
    assert "2 of 4 records (50.0%)" in str(caught.value)
    assert "line 2: not JSON" in str(caught.value)
    assert "line 4: not JSON" in str(caught.value)


def test_a_quarter_malformed_passes_with_a_warning(bench: Workbench) -> None:
    snapshot = bench.ingest("data.jsonl", f"{GOOD}\n{{\n{GOOD}\n{GOOD}\n")
    assert (snapshot.num_rows, snapshot.num_malformed) == (4, 1)
    assert [finding.level for finding in bench.findings] == ["warn"]


def test_one_in_a_hundred_malformed_passes_silently(bench: Workbench) -> None:
    bench.ingest("data.jsonl", f"{GOOD}\n" * 99 + "{\n")
    assert bench.findings == []


def test_the_user_sets_the_limit(bench: Workbench) -> None:
    with pytest.raises(GateRefusedError):
        bench.ingest("data.jsonl", f"{GOOD}\n" * 999 + "{\n", max_malformed_share=0.0)
