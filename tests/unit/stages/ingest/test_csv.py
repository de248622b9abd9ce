"""CSV and TSV: what is chosen is said, and no cell is ever shifted or swallowed."""

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.errors import GateRefusedError, SourceError
from brewslm.core.events.reasons import Reason
from brewslm.stages.ingest.formats.csv_cells import CellScan, Dialect
from tests.unit.stages.workbench import Workbench


def records(bench: Workbench, snapshot: Snapshot) -> list[dict[str, str] | None]:
    return [
        None if row["record"] is None else json.loads(row["record"]) for row in bench.rows(snapshot, "rows.parquet")
    ]


def places(bench: Workbench, snapshot: Snapshot) -> list[tuple[int, str | None]]:
    return [(row["line"], row["problem"]) for row in bench.rows(snapshot, "rows.parquet")]


@pytest.mark.parametrize(("mark", "name"), [(",", "comma"), ("\t", "tab"), (";", "semicolon"), ("|", "bar")])
def test_the_delimiter_is_found_and_said(bench: Workbench, mark: str, name: str) -> None:
    text = "\n".join(mark.join(cells) for cells in [["text", "label"], ["hello, you", "a"], ["so; long", "b"]])
    text = text.replace("hello, you", '"hello, you"').replace("so; long", '"so; long"')
    snapshot = bench.ingest("data.csv", text)
    assert snapshot.reading["delimiter"] == name
    assert records(bench, snapshot) == [{"text": "hello, you", "label": "a"}, {"text": "so; long", "label": "b"}]


def test_the_users_word_on_the_delimiter_counts(bench: Workbench) -> None:
    snapshot = bench.ingest("data.csv", "a;b,c\n1;2,3\n", delimiter=";", has_header=True)
    assert records(bench, snapshot) == [{"a": "1", "b,c": "2,3"}]


def test_a_single_quote_as_quote(bench: Workbench) -> None:
    snapshot = bench.ingest("data.csv", "text,label\n'a, b','x'\n'it''s','y'\n")
    assert snapshot.reading["quote"] == "'"
    assert records(bench, snapshot) == [{"text": "a, b", "label": "x"}, {"text": "it's", "label": "y"}]


def test_spaces_after_the_delimiter(bench: Workbench) -> None:
    snapshot = bench.ingest("data.csv", 'text, label\n"a, b", x\n"c", y\n')
    assert records(bench, snapshot) == [{"text": "a, b", "label": "x"}, {"text": "c", "label": "y"}]


def test_an_apostrophe_at_the_start_of_a_cell_is_text(bench: Workbench) -> None:
    snapshot = bench.ingest("data.csv", "text,label\n'tis late,a\nhe said 'no',b\nit's,c\n\"x, y\",d\n")
    assert snapshot.reading["quote"] == '"'
    assert records(bench, snapshot)[0] == {"text": "'tis late", "label": "a"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("text,label\nI am lost,help\nhi,greeting\n", "yes"),
        ("phrase,kind\nI am lost,help\nhi,greeting\n", "yes"),
        ("I am lost,help\nwhere am I,help\nhi,greeting\n", "no"),
        ("Where is my card?,card\nIs it here?,card\n", "no"),
        ("1,2\n3,4\n", "no"),
        ("hi,\nho,x\n", "no"),
    ],
)
def test_a_header_is_recognised(bench: Workbench, text: str, expected: str) -> None:
    assert bench.ingest("data.csv", text).reading["header"] == expected


def test_without_a_header_columns_are_numbered(bench: Workbench) -> None:
    snapshot = bench.ingest("data.csv", "text,label\nx,y\n", has_header=False)
    assert records(bench, snapshot) == [{"column_1": "text", "column_2": "label"}, {"column_1": "x", "column_2": "y"}]


def test_empty_and_equal_names_are_told_apart(bench: Workbench) -> None:
    snapshot = bench.ingest("data.csv", "text,text,\na,b,c\n", has_header=True)
    assert records(bench, snapshot) == [{"text": "a", "text_2": "b", "column_3": "c"}]


def test_ragged_records_are_malformed_never_shifted(bench: Workbench) -> None:
    text = "text,label\na,x\nb\nc,y,z\nd,x\ne,x\nf,x\ng,x\nh,x\n"
    snapshot = bench.ingest("data.csv", text)
    assert places(bench, snapshot)[1:3] == [
        (3, "it has 1 cells where the header has 2"),
        (4, "it has 3 cells where the header has 2"),
    ]
    assert records(bench, snapshot)[3] == {"text": "d", "label": "x"}


def test_quoted_line_ends_belong_to_the_cell(bench: Workbench) -> None:
    snapshot = bench.ingest("data.csv", 'text,label\r\n"one\r\ntwo\nthree",x\r\nfour,y\r\n')
    assert records(bench, snapshot) == [{"text": "one\r\ntwo\nthree", "label": "x"}, {"text": "four", "label": "y"}]
    assert [line for line, _ in places(bench, snapshot)] == [2, 5]


@pytest.mark.parametrize("cell", ['"never closed,x', 'never,"closed', '"bad "inside",x', '"bad" tail,x'])
def test_an_unclosed_quote_costs_its_line_only(bench: Workbench, cell: str) -> None:
    lines = ["text,label", *(f'"row, {n}",x' for n in range(10)), cell, *(f'"row, {n}",y' for n in range(10)), "z,z"]
    snapshot = bench.ingest("data.csv", "\n".join(lines) + "\n")
    assert [line for line, problem in places(bench, snapshot) if problem] == [12]
    assert snapshot.num_rows == 22
    assert records(bench, snapshot)[-1] == {"text": "z", "label": "z"}


def test_an_unclosed_quote_at_the_end_of_a_file_without_others(bench: Workbench) -> None:
    text = "text,label\n" + "a,x\n" * 10 + '"open,x\n' + "b,y\n" * 10
    snapshot = bench.ingest("data.csv", text)
    assert (snapshot.num_rows, snapshot.num_malformed) == (21, 1)
    assert "line 12: a quote that opens on this line is not closed" in snapshot.first_problems[0]


def test_a_quote_that_closes_in_another_record_swallows_nothing(bench: Workbench) -> None:
    text = 'text,label,id\n"open,x,1\nb,y,2\nc,y,3\nd,e",4\ne,y,5\n' + "f,y,6\n" * 20
    snapshot = bench.ingest("data.csv", text)
    bad = [line for line, problem in places(bench, snapshot) if problem]
    good = [record for record in records(bench, snapshot) if record is not None]
    assert bad == [2]
    assert [record["id"] for record in good[:4]] == ["2", "3", "4", "5"]


def test_a_record_beyond_the_limit_is_taken_for_an_unclosed_quote(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brewslm.stages.ingest.formats.csv_records.MAX_RECORD_CHARACTERS", 50)
    text = "text,label\n" + "a,x\n" * 10 + '"open,x\n' + "b,y\n" * 100
    snapshot = bench.ingest("data.csv", text)
    assert (snapshot.num_rows, snapshot.num_malformed) == (111, 1)


def test_a_cell_of_a_megabyte_is_read(bench: Workbench) -> None:
    long = "x" * (2 << 20)
    snapshot = bench.ingest("data.csv", f'text,label\n"{long}, ""y""",a\nb,c\n')
    assert records(bench, snapshot)[0] == {"text": f'{long}, "y"', "label": "a"}


def test_a_nul_in_a_cell_is_malformed(bench: Workbench) -> None:
    snapshot = bench.ingest("data.csv", "text,label\n" + "a,x\n" * 9 + "b\0,y\n")
    assert "NUL" in snapshot.first_problems[0]


@pytest.mark.parametrize("text", ["text,label\n", "text,label", "\n\n", '"text","label"\r\n\r\n'])
def test_a_header_alone_is_empty(bench: Workbench, text: str) -> None:
    with pytest.raises(SourceError) as caught:
        bench.ingest("data.csv", text)
    assert caught.value.code == Reason.INGESTION_EMPTY


def test_a_broken_file_is_refused(bench: Workbench) -> None:
    with pytest.raises(GateRefusedError) as caught:
        bench.ingest("data.csv", "text,label\n" + 'a "quoted",x\n' + '"b" c,y\nonly one\n')
    assert caught.value.code == Reason.INGESTION_MALFORMED
    assert "line 3" in str(caught.value)


@pytest.mark.parametrize("name", ["data.txt", "data"])
def test_the_content_tells_where_the_name_does_not(bench: Workbench, name: str) -> None:
    assert bench.ingest(name, "text,label\na,b\nc,d\n").format == "csv"
    assert bench.ingest(name, '{"a": 1}\n{"a": 2}\n').format == "jsonl"
    assert bench.ingest(name, '[{"a": 1}]').format == "json"


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=200, deadline=None)
def test_what_the_csv_module_writes_is_read_back(rows: list[tuple[str, str, str]], delimiter: str, end: str) -> None:
    out = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if any("\r" in cell for row in rows for cell in row) else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    scan, dialect, found = None, Dialect(delimiter), []
    for line in io.StringIO(out.getvalue(), newline=""):
        scan = scan or CellScan(dialect)
        state = scan.feed(line)
        if state == "whole":
            found.append(tuple(scan.cells))
            scan = None
        else:
            assert state == "open"
    assert found == rows
