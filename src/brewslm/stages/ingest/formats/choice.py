"""Which format a file is in, by its content and then by its name, and the reader that goes with it."""

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import cast

from brewslm.core.artifacts.snapshot import EncodingName, SourceFormat
from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from brewslm.stages.ingest.formats.columnar import open_arrow, open_parquet
from brewslm.stages.ingest.formats.csv_dialect import is_tabular, sniff_form
from brewslm.stages.ingest.formats.csv_records import read_csv
from brewslm.stages.ingest.formats.json_document import open_document, read_document
from brewslm.stages.ingest.formats.jsonl import read_jsonl
from brewslm.stages.ingest.formats.office import read_docx
from brewslm.stages.ingest.formats.pages import read_html, read_pdf
from brewslm.stages.ingest.formats.prose import describe_prose, read_prose
from brewslm.stages.ingest.formats.workbook import open_workbook
from brewslm.stages.ingest.reading.batch import Batch, gather
from brewslm.stages.ingest.reading.encoding import Encoding, detect_encoding
from brewslm.stages.ingest.reading.lines import read_lines

SUFFIXES: dict[str, SourceFormat] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".txt": "text",
    ".text": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".docx": "docx",
    ".pdf": "pdf",
}
HEAD_BYTES = 2 << 20
"""How much of a file is looked at to tell the kinds of JSON apart."""
DOCUMENTS: frozenset[SourceFormat] = frozenset({"text", "markdown", "html", "docx", "pdf"})
_BINARY: frozenset[SourceFormat] = frozenset({"parquet", "arrow", "xlsx", "docx", "pdf"})
_MAGIC: tuple[tuple[bytes, SourceFormat], ...] = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow"),
    (b"%PDF-", "pdf"),
)
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ", "xz"),
    (b"BZh", "bzip2"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"SQLite format 3", "SQLite"),
    (b"\xd0\xcf\x11\xe0", "old Office (.xls, .doc)"),
    (b"FEA1", "Feather of version 1"),
    (b"PARE", "encrypted Parquet"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"\x7fELF", "ELF"),
    (b"{\\rtf", "RTF"),
    (b"\x80\x04\x95", "pickle"),
)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user says about the files; None means: find out."""

    format: SourceFormat | None = None
    encoding: EncodingName | None = None
    delimiter: str | None = None
    has_header: bool | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A format, how it is read in this case, and the rows."""

    format: SourceFormat
    encoding: str
    details: dict[str, str]
    read: Callable[[], Iterator[Batch]]


def reading_of(path: Path, name: str, choices: Choices) -> Reading:
    """Settle format, encoding and the way of reading of one file that is not empty.

    Raises:
        SourceError: it is in no format that is read, or damaged in a place where its form cannot be told.
    """
    format_ = choices.format or _binary_format(path, name)
    if format_ in _BINARY:
        return _read_binary(path, name, format_, choices)
    encoding = detect_encoding(path, name, choices.encoding)
    suffix = PurePath(name).suffix.lower()
    format_ = format_ or _text_format(path, encoding, SUFFIXES.get(suffix))
    details = {"encoding": encoding.note}
    if format_ == "jsonl":
        return Reading("jsonl", encoding.name, details, partial(read_jsonl, path, encoding))
    if format_ == "json":
        document = open_document(path, name, encoding)
        rows = {"rows_in": document.key} if document.key else {}
        read = partial(read_document, document)
        return Reading("json", encoding.name, details | {"layout": document.layout} | rows, lambda: gather(read()))
    if format_ in {"text", "markdown"}:
        details |= describe_prose(path)
        return Reading(format_, encoding.name, details, lambda: gather(read_prose(path, name, encoding)))
    if format_ == "html":
        return Reading("html", encoding.name, details, lambda: gather(read_html(path, name, encoding)))
    return _read_table(path, name, encoding, choices, is_certain=format_ == "csv")


def _read_binary(path: Path, name: str, format_: SourceFormat, choices: Choices) -> Reading:
    if format_ == "docx":
        return Reading("docx", "binary", {}, lambda: gather(read_docx(path, name)))
    if format_ == "pdf":
        return Reading("pdf", "binary", {}, lambda: gather(read_pdf(path, name)))
    if format_ == "xlsx":
        opened = open_workbook(path, name, has_header=choices.has_header)
    else:
        opened = (open_parquet if format_ == "parquet" else open_arrow)(path, name)
    return Reading(format_, "binary", opened.details, opened.read)


def _read_table(path: Path, name: str, encoding: Encoding, choices: Choices, *, is_certain: bool) -> Reading:
    is_tab = PurePath(name).suffix.lower() in {".tsv", ".tab"}
    delimiter = choices.delimiter or ("\t" if is_tab else None)
    form = sniff_form(read_lines(path, encoding), delimiter=delimiter, has_header=choices.has_header)
    details = {"encoding": encoding.note}
    if form is None:
        return Reading("csv", encoding.name, details, lambda: iter(()))
    if not is_certain and not is_tabular(form):
        message = f"{name!r} is in no format that is read, by its name or its content. Name it, e.g. --format text."
        raise SourceError(message, reason=Reason.INGESTION_UNSUPPORTED_FORMAT)
    return Reading("csv", encoding.name, details | form.reading, lambda: read_csv(path, encoding, form))


def _binary_format(path: Path, name: str) -> SourceFormat | None:
    """The format whose mark the file begins with; None for what is probably text."""
    with path.open("rb") as file:
        head = file.read(1024)
    found = next((format_ for magic, format_ in _MAGIC if head.startswith(magic)), None)
    if found is None and b"%PDF-" in head:
        return "pdf"
    if found is not None:
        return found
    if head.startswith(b"PK\x03\x04"):
        return _office_format(path, name)
    kind = next((kind for magic, kind in _FOREIGN if head.startswith(magic)), None)
    if kind is not None:
        raise _unsupported(name, f"is a {kind} file")
    by_name = SUFFIXES.get(PurePath(name).suffix.lower())
    if by_name in _BINARY:
        message = f"{name!r} is called {by_name} but does not begin like one. Get the file again, or name its format."
        raise SourceError(message, reason=Reason.INGESTION_UNSUPPORTED_FORMAT)
    return None


def _office_format(path: Path, name: str) -> SourceFormat:
    try:
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise _unsupported(name, f"is a damaged ZIP or Office file ({error})") from error
    if "word/document.xml" in members:
        return "docx"
    if "xl/workbook.xml" in members:
        return "xlsx"
    raise _unsupported(name, "is a ZIP file whose inside is not looked at here")


def _text_format(path: Path, encoding: Encoding, by_name: SourceFormat | None) -> SourceFormat | None:
    """Let the content decide between the two kinds of JSON, and where the name says too little."""
    if by_name in {"csv", "markdown"}:
        return by_name
    first, second = _first_lines(path, encoding)
    if first.lower().startswith(("<!doctype html", "<html")):
        return "html"
    if by_name == "html" or not first.startswith(("{", "[")):
        return _plain_format(path, encoding, by_name)
    if by_name == "text" and not _is_document(first, second) and not _is_whole(first):
        return "text"
    if by_name == "jsonl":
        return "json" if _is_document(first, second) else "jsonl"
    return "jsonl" if first.startswith("{") and second and _is_whole(first) else "json"


def _first_lines(path: Path, encoding: Encoding) -> tuple[str, str]:
    """The first two lines that are not blank, as far as they lie at the beginning of the file."""
    with path.open("rb") as file:
        file.seek(encoding.bom_bytes)
        head = file.read(HEAD_BYTES).decode(encoding.name, "ignore")
    lines = [line for line in map(str.strip, head.replace("\r", "\n").split("\n")) if line]
    first, second = (*lines[:2], "", "")[:2]
    return first, second


def _plain_format(path: Path, encoding: Encoding, by_name: SourceFormat | None) -> SourceFormat | None:
    """Text is a table where nearly all of its lines say so."""
    if by_name != "text":
        return by_name
    form = sniff_form(read_lines(path, encoding), delimiter=None, has_header=None)
    return "csv" if form is not None and is_tabular(form) and form.is_regular else "text"


def _is_document(first: str, second: str) -> bool:
    """Whether what is called JSON Lines is a document that goes over several lines, or an array on one."""
    if _is_whole(first):
        return first.startswith("[") and not second
    return (
        first == "["
        or (first == "{" and second.startswith('"'))
        or (first.startswith("[{") and not first.endswith("]"))
    )


def _is_whole(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _unsupported(name: str, what: str) -> SourceError:
    known = ", ".join(sorted(cast("set[str]", set(SUFFIXES.values()))))
    message = f"{name!r} {what}, which is not read; {known} are. Convert it first."
    return SourceError(message, reason=Reason.INGESTION_UNSUPPORTED_FORMAT)
