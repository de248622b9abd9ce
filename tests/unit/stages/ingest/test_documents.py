"""What documents and typed tables become as records."""

import json
import sys
from typing import Any

import pytest

from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from tests.data.ingest.binaries import TYPED, docx_of, paragraph, parquet_of, pdf_of, xlsx_of
from tests.unit.stages.workbench import Workbench


def records(bench: Workbench, name: str, content: str | bytes, **choices: Any) -> list[Any]:
    snapshot = bench.ingest(name, content, max_malformed_share=1.0, **choices)
    return [row["record"] and json.loads(row["record"]) for row in bench.rows(snapshot, "rows.parquet")]


def test_html_becomes_what_a_reader_sees(bench: Workbench) -> None:
    page = (
        "<!DOCTYPE html><html><head><title>Help &amp; more</title><style>p{}</style></head><body>"
        "<h1>Returns</h1><p>Send it <b>back</b>&nbsp;soon.</p><ul><li>One<li>Two</ul><script>alert(1)</script>"
        "<table><tr><td>a</td><td>b</td></tr></table></body></html>"
    )
    (record,) = records(bench, "help.html", page)
    assert record["title"] == "Help & more"
    assert record["path"] == "help.html"
    assert "alert" not in record["text"]
    assert [line.strip() for line in record["text"].splitlines() if line.strip()] == [
        "Returns",
        "Send it back soon.",
        "One",
        "Two",
        "a b",
    ]


def test_docx_keeps_paragraphs_tables_and_the_title(bench: Workbench) -> None:
    cells = "".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in ("a", "b"))
    body = paragraph("The title", "Heading1") + paragraph("First.") + f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>"
    (record,) = records(bench, "a.docx", docx_of(body))
    assert record == {"path": "a.docx", "text": "The title\nFirst.\na\tb", "title": "The title"}


def test_pdf_text_and_number_of_pages(bench: Workbench) -> None:
    (record,) = records(bench, "a.pdf", pdf_of("Hello there.", "Second page."))
    assert (record["pages"], record["text"]) == (2, "Hello there.\n\nSecond page.")


def test_a_pdf_without_text_says_what_to_do(bench: Workbench) -> None:
    snapshot = bench.ingest("scan.pdf", pdf_of(""), max_malformed_share=1.0)
    assert "run text recognition (OCR)" in snapshot.first_problems[0]


def test_a_large_text_is_cut_at_form_feeds_and_blank_lines(bench: Workbench) -> None:
    chapter = "word " * 100 + "\n"
    text = "\f".join([chapter * 2, chapter * 3000, "The end.\n"])
    found = records(bench, "book.txt", text)
    assert [record["part"] for record in found] == list(range(1, len(found) + 1))
    assert found[-1]["text"] == "The end."
    assert "".join(record["text"].replace("\n", "") for record in found) == text.replace("\n", "").replace("\f", "")


def test_typed_values_become_json(bench: Workbench) -> None:
    first, second, third = records(bench, "a.parquet", parquet_of(TYPED))
    assert first == {
        "at": "2026-01-02T03:04:05+00:00",
        "blob": "text",
        "day": "2026-01-02",
        "id": 1,
        "score": 0.5,
        "tags": ["a"],
    }
    assert (second["score"], second["blob"]) == (None, "//4=")
    assert third is None, "an infinity is no JSON, and is not quietly made one"


def test_sheets_give_dates_whole_numbers_and_neutral_formulas(bench: Workbench) -> None:
    from datetime import datetime

    day = datetime(2026, 5, 6)  # noqa: DTZ001 - cells have no zone
    found = records(bench, "a.xlsx", xlsx_of([["day", "n", "f"], [day, 3.0, "=HYPERLINK(1)"], [None, 1.5, "x"]]))
    assert found == [
        {"day": "2026-05-06", "f": "'=HYPERLINK(1)", "n": 3},
        {"day": None, "f": "x", "n": 1.5},
    ]


def test_other_sheets_are_said_to_be_left_out(bench: Workbench) -> None:
    snapshot = bench.ingest("a.xlsx", xlsx_of([["a"], ["b"]], [["c"], ["d"]]))
    assert snapshot.reading["sheet"] == "Sheet1"
    assert snapshot.reading["left_out"] == "1 other sheet"


@pytest.mark.parametrize(
    ("name", "module", "content"),
    [
        ("a.xlsx", "openpyxl", xlsx_of([["a"], ["b"]])),
        ("a.pdf", "pypdf", pdf_of("x")),
        ("a.html", "selectolax.lexbor", b"<html><p>x</p></html>"),
    ],
)
def test_a_missing_library_is_told_with_the_command(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, name: str, module: str, content: bytes
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SourceError, match=r"pip install 'brewslm\[documents\]'") as caught:
        bench.ingest(name, content)
    assert caught.value.code == Reason.INGESTION_UNSUPPORTED_FORMAT
