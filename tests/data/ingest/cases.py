"""Every format, dialect and encoding, good, messy and hostile, with the counts found by hand.

`accepted` and `malformed` are rows of the snapshot; `refused` is the reason where there is no snapshot. The mapping
half runs the same table through dry run and commit.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.data.ingest.binaries import (
    TYPED,
    arrow_of,
    docx_of,
    gzip_of,
    paragraph,
    parquet_of,
    pdf_of,
    tar_of,
    xlsx_of,
    zip_of,
)

QA = [{"question": f"What is {n} + {n}?", "answer": f"It is {2 * n}."} for n in range(1, 13)]
JSONL = "".join(json.dumps(row) + "\n" for row in QA)
CSV = "question,answer\n" + "".join(f"{row['question']},{row['answer']}\n" for row in QA)


@dataclass(frozen=True)
class Case:
    """A file, and what must become of its rows."""

    title: str
    name: str
    data: Callable[[], bytes]
    accepted: int = 0
    malformed: int = 0
    format: str = ""
    refused: str = ""
    """The reason, where the whole file is refused."""
    choices: dict[str, Any] = field(default_factory=dict)
    """What the user says about the file."""


def _of(text: str | bytes) -> Callable[[], bytes]:
    return lambda: text.encode() if isinstance(text, str) else text


def _case(
    title: str, name: str, data: str | bytes | Callable[[], bytes], accepted: int, malformed: int = 0, **rest: Any
) -> Case:
    return Case(title, name, data if callable(data) else _of(data), accepted, malformed, **rest)


def _refused(title: str, name: str, data: str | bytes | Callable[[], bytes], reason: str, **choices: Any) -> Case:
    return Case(title, name, data if callable(data) else _of(data), refused=reason, choices=choices)


JSONL_CASES = (
    _case("plain", "a.jsonl", JSONL, 12, format="jsonl"),
    _case("no line feed at the end", "a.jsonl", JSONL.rstrip("\n"), 12, format="jsonl"),
    _case("Windows line ends", "a.jsonl", JSONL.replace("\n", "\r\n"), 12, format="jsonl"),
    _case("old Mac line ends", "a.jsonl", JSONL.replace("\n", "\r"), 12, format="jsonl"),
    _case("blank lines between", "a.jsonl", JSONL.replace("\n", "\n\n \t\n"), 12, format="jsonl"),
    _case("byte-order mark", "a.jsonl", "\ufeff" + JSONL, 12, format="jsonl"),
    _case("UTF-16 with mark", "a.jsonl", JSONL.encode("utf-16"), 12, format="jsonl"),
    _case("UTF-16 big end, no mark", "a.jsonl", JSONL.encode("utf-16-be"), 12, format="jsonl"),
    _case("UTF-32", "a.jsonl", JSONL.encode("utf-32"), 12, format="jsonl"),
    _case("under the name json", "a.json", JSONL, 12, format="jsonl"),
    _case("without any name", "data", JSONL, 12, format="jsonl"),
    _case("rows of different shape", "a.jsonl", '{"a": 1}\n{"b": [1, {"c": null}]}\n{}\n', 3, format="jsonl"),
    _case("one row cut off", "a.jsonl", JSONL + '{"question": "What', 12, 1, format="jsonl"),
    _case("arrays and values among objects", "a.jsonl", JSONL + "[1]\n17\nnull\n", 12, 3, format="jsonl"),
    _case("a key twice", "a.jsonl", JSONL + '{"a": 1, "a": 2}\n', 12, 1, format="jsonl"),
    _case("numbers that are none", "a.jsonl", JSONL + '{"a": NaN}\n{"a": 1e999}\n{"a": 01}\n', 12, 3, format="jsonl"),
    _case("half surrogates and NUL", "a.jsonl", JSONL + '{"a": "\\ud800"}\n{"a": "\\u0000"}\n', 12, 2, format="jsonl"),
    _case("bytes that are no UTF-8", "a.jsonl", JSONL.encode() + '{"a": "é"}\n'.encode() + b'{"a": "\xff"}\n', 13, 1),
    _case("nested too deeply", "a.jsonl", JSONL + '{"a":' * 100 + "1" + "}" * 100 + "\n", 12, 1, format="jsonl"),
    _case("Python's own spelling", "a.jsonl", JSONL + "{'a': None}\n", 12, 1, format="jsonl"),
    _case("gzip", "a.jsonl.gz", lambda: gzip_of(JSONL.encode()), 12, format="jsonl"),
    _refused("nothing", "a.jsonl", b"", "ingestion_empty"),
    _refused("only blanks", "a.jsonl", " \n\t\n", "ingestion_empty"),
)
_ARRAY = json.dumps(QA, indent=1)
JSON_CASES = (
    _case("array", "a.json", _ARRAY, 12, format="json"),
    _case("array on one line", "a.json", json.dumps(QA), 12, format="json"),
    _case("array in UTF-16", "a.json", _ARRAY.encode("utf-16"), 12, format="json"),
    _case("array under the name jsonl", "a.jsonl", _ARRAY, 12, format="json"),
    _case("object with one list of rows", "a.json", json.dumps({"version": "1.1", "data": QA}), 12, format="json"),
    _case("object of columns", "a.json", json.dumps({k: [r[k] for r in QA] for k in QA[0]}), 12, format="json"),
    _case("a single record", "a.json", json.dumps(QA[0], indent=2), 1, format="json"),
    _case("one bad record", "a.json", _ARRAY.replace('"It is 6."', "It is 6."), 11, 1, format="json"),
    _case("a comma too many", "a.json", _ARRAY.replace("\n]", ",\n]"), 12, format="json"),
    _case("something behind the end", "a.json", _ARRAY + "[]", 12, 1, format="json"),
    _case("cut off in the last record", "a.json", _ARRAY[:-20], 11, 1, format="json"),
    _case("cut off behind a record", "a.json", _ARRAY[: _ARRAY.rindex("},") + 2], 11, 1, format="json"),
    _case("bad cells in columns", "a.json", '{"a": [1, 2, x], "b": ["p", "q", "r"]}', 2, 1, format="json"),
    _refused("an empty array", "a.json", "[ ]", "ingestion_empty"),
    _refused("two lists of rows", "a.json", '{"a": [{"x": 1}], "b": [{"x": 2}]}', "ingestion_unsupported_format"),
    _refused("columns of unequal length", "a.json", '{"a": [1, 2], "b": [1]}', "ingestion_malformed"),
)
_QUOTED = 'question,answer\n"a, b","say ""hi"""\n"two\nlines",x\n'
CSV_CASES = (
    _case("comma", "a.csv", CSV, 12, format="csv"),
    _case("semicolon", "a.csv", CSV.replace(",", ";"), 12, format="csv"),
    _case("bar", "a.csv", CSV.replace(",", "|"), 12, format="csv"),
    _case("tab", "a.tsv", CSV.replace(",", "\t"), 12, format="csv"),
    _case("a mark of the user's own", "a.csv", CSV.replace(",", "~"), 12, format="csv", choices={"delimiter": "~"}),
    _case("under the name txt", "a.txt", CSV.replace(",", "\t"), 12, format="csv"),
    _case("no header", "a.csv", CSV.partition("\n")[2], 12, format="csv"),
    _case("the user says: no header", "a.csv", CSV, 13, format="csv", choices={"has_header": False}),
    _case("Windows line ends and blanks", "a.csv", CSV.replace("\n", "\r\n\r\n"), 12, format="csv"),
    _case("quoted, doubled, two lines", "a.csv", _QUOTED, 2, format="csv"),
    _case("escaped by a backslash", "a.csv", 'a,b\n"say \\"hi\\", you",x\n"p \\"q\\" r",y\n', 2, format="csv"),
    _case("single quotes", "a.csv", "a,b\n'one, two','x'\n'three, four','y'\n", 2, format="csv"),
    _case("spaces behind the marks", "a.csv", 'a, b\n"x, y", "z"\n"p, q", "r"\n', 2, format="csv"),
    _case("a name twice and one empty", "a.csv", "text,text,\na,b,c\n", 1, format="csv"),
    _case("rows too short and too long", "a.csv", CSV + "alone\none,two,three\n", 12, 2, format="csv"),
    _case("a quote that never closes", "a.csv", CSV + '"open,x\nfine,y\n', 13, 1, format="csv"),
    _case("a quote that closes too early", "a.csv", CSV + '"mid"dle,x\nfine,y\n', 13, 1, format="csv"),
    _case("Windows-1252", "a.csv", "text,label\ncafé “au lait”,drink\nnaïve,mood\n".encode("cp1252"), 2, format="csv"),
    _case(
        "Cyrillic in Windows-1251", "a.csv", ("text,label\n" + "вопрос по доставке товара,a\n" * 9).encode("cp1251"), 9
    ),
    _case("mixed encodings", "a.csv", "a,b\nüber,1\nmäßig,2\n".encode() + "für,3\n".encode("latin-1"), 2, 1),
    _case("NUL in a cell", "a.csv", CSV + "a\0b,c\n", 12, 1, format="csv"),
    _case("cells that look like formulas", "a.csv", "a,b\n=1+1,x\n@SUM(A1),y\n", 2, format="csv"),
    _case("UTF-16 as Excel saves it", "a.csv", CSV.replace(",", "\t").encode("utf-16"), 12, format="csv"),
    _refused("only a header", "a.csv", "question,answer\n", "ingestion_empty"),
    _refused("twenty thousand columns", "a.csv", "x," * 20_000 + "x\n", "ingestion_unsupported_format"),
)
COLUMNAR_CASES = (
    _case("Parquet", "a.parquet", lambda: parquet_of(QA), 12, format="parquet"),
    _case("Parquet in row groups", "a.parquet", lambda: parquet_of(QA * 9, row_group_size=10), 108, format="parquet"),
    _case("Parquet under another name", "data", lambda: parquet_of(QA, compression="zstd"), 12, format="parquet"),
    _case("Parquet of many types", "a.parquet", lambda: parquet_of(TYPED), 2, 1, format="parquet"),
    _case("Arrow file", "a.arrow", lambda: arrow_of(QA), 12, format="arrow"),
    _case("Arrow stream", "a.arrow", lambda: arrow_of(QA, is_stream=True), 12, format="arrow"),
    _case("Arrow of many types", "a.arrow", lambda: arrow_of(TYPED), 2, 1, format="arrow"),
    _refused("Parquet without rows", "a.parquet", lambda: parquet_of(QA[:1])[:0], "ingestion_empty"),
    _refused("Parquet cut off", "a.parquet", lambda: parquet_of(QA)[:-20], "ingestion_malformed"),
    _refused("Parquet in name only", "a.parquet", "hello\n", "ingestion_unsupported_format"),
    _refused("Arrow cut off", "a.arrow", lambda: arrow_of(QA)[:-40], "ingestion_malformed"),
)
_TABLE = [["question", "answer"], *([row["question"], row["answer"]] for row in QA)]
OFFICE_CASES = (
    _case("XLSX", "a.xlsx", lambda: xlsx_of(_TABLE), 12, format="xlsx"),
    _case("XLSX whose first sheet is empty", "a.xlsx", lambda: xlsx_of([], _TABLE), 12, format="xlsx"),
    _case("XLSX with a row too wide", "a.xlsx", lambda: xlsx_of([*_TABLE, [1, 2, 3]]), 12, 1, format="xlsx"),
    _case("XLSX with formulas", "a.xlsx", lambda: xlsx_of([["question", "answer"], ["=1+1", "x"]]), 1, format="xlsx"),
    _refused("XLSX cut off", "a.xlsx", lambda: xlsx_of(_TABLE)[:-200], "ingestion_io_error"),
    _case("DOCX", "a.docx", lambda: docx_of(paragraph("Title", "Heading1") + paragraph("Text.")), 1, format="docx"),
    _case("DOCX without text", "a.docx", lambda: docx_of(""), 0, 1, format="docx"),
    _case("DOCX that is no XML", "a.docx", lambda: docx_of("<w:p>"), 0, 1, format="docx"),
    _case("PDF", "a.pdf", lambda: pdf_of("Hello there.", "Second page."), 1, format="pdf"),
    _case("PDF of pictures only", "a.pdf", lambda: pdf_of("", ""), 0, 1, format="pdf"),
    _case("PDF that is damaged", "a.pdf", b"%PDF-1.7\n" + b"\xff" * 200, 0, 1, format="pdf"),
)
TEXT_CASES = (
    _case("text", "a.txt", "Once upon a time.\n\nThe end.\n", 1, format="text"),
    _case("text with a bad byte", "a.txt", "çà\n".encode() + b"b\xffd\n", 0, 1, format="text"),
    _case("a large text in pieces", "a.txt", ("word " * 200 + "\n\n") * 1200, 5, format="text"),
    _case("Markdown", "a.md", "# Title\n\n- a, b\n- c, d\n", 1, format="markdown"),
    _case("HTML", "a.html", "<!doctype html><title>T</title><p>Hello <b>you</b></p><script>x()</script>", 1),
    _case("HTML without a name", "page", "<html><body><p>Hello</p></body></html>", 1, format="html"),
    _case("HTML that shows nothing", "a.html", "<html><script>x()</script></html>", 0, 1, format="html"),
)
ARCHIVE_CASES = (
    _case(
        "ZIP of two kinds",
        "a.zip",
        lambda: zip_of({"x.csv": CSV.encode(), "y.jsonl": JSONL.encode()}),
        24,
        format="mixed",
    ),
    _case(
        "ZIP with a README", "a.zip", lambda: zip_of({"x.csv": CSV.encode(), "README.md": b"# About"}), 12, format="csv"
    ),
    _case("ZIP of documents", "a.zip", lambda: zip_of({"x.md": b"# One", "y.txt": b"Two."}), 2, format="mixed"),
    _case("tar.gz", "a.tar.gz", lambda: tar_of({"x.csv": CSV.encode(), "d/y.csv": CSV.encode()}), 24, format="csv"),
    _refused("ZIP that climbs out", "a.zip", lambda: zip_of({"../x.csv": CSV.encode()}), "ingestion_refused"),
)
CASES: tuple[Case, ...] = (
    *JSONL_CASES,
    *JSON_CASES,
    *CSV_CASES,
    *COLUMNAR_CASES,
    *OFFICE_CASES,
    *TEXT_CASES,
    *ARCHIVE_CASES,
)
