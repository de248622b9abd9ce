"""Which format a source is in, by its name and its content, and the reader that goes with it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from brewslm.core.artifacts.snapshot import SourceFormat
from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from brewslm.stages.ingest.csv_dialect import is_tabular, sniff_form
from brewslm.stages.ingest.csv_records import read_csv
from brewslm.stages.ingest.encoding import Encoding
from brewslm.stages.ingest.json_document import open_document, read_document
from brewslm.stages.ingest.jsonl import read_jsonl
from brewslm.stages.ingest.lines import read_lines
from brewslm.stages.ingest.record import Record

SUFFIXES: dict[str, SourceFormat] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
}
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "Parquet"),
    (b"ARROW1", "Arrow"),
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "ZIP or Office"),
    (b"%PDF", "PDF"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ", "xz"),
    (b"BZh", "bzip2"),
    (b"SQLite format 3", "SQLite"),
)
_UNREAD = frozenset(
    {".parquet", ".arrow", ".xlsx", ".xls", ".docx", ".pdf", ".html", ".htm", ".xml", ".md", ".yaml", ".zip", ".gz"}
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A format, how it is read in this case, and the records."""

    format: SourceFormat
    details: dict[str, str]
    read: Callable[[], Iterator[Record]]


def refuse_binary(path: Path, name: str) -> None:
    """Refuse what is certainly none of the formats that are read.

    Raises:
        SourceError: `ingestion_unsupported_format`, with the formats that are read now.
    """
    with path.open("rb") as file:
        head = file.read(16)
    kind = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    if kind is not None:
        raise _unsupported(name, f"is a {kind} file")
    suffix = PurePath(name).suffix.lower()
    if suffix in _UNREAD:
        raise _unsupported(name, f"is a {suffix} file")


def reading_of(
    path: Path,
    name: str,
    encoding: Encoding,
    *,
    chosen: SourceFormat | None = None,
    delimiter: str | None = None,
    has_header: bool | None = None,
) -> Reading:
    """Settle the format and how it is read.

    Raises:
        SourceError: no format fits; `ingestion_unsupported_format`.
    """
    suffix = PurePath(name).suffix.lower()
    format_ = chosen or _refine(path, encoding, SUFFIXES.get(suffix))
    if format_ == "jsonl":
        return Reading("jsonl", {}, lambda: read_jsonl(path, encoding))
    if format_ == "json":
        document = open_document(path, encoding)
        details = {"layout": document.layout} | ({"rows_in": document.key} if document.key else {})
        return Reading("json", details, lambda: read_document(document))
    mark = delimiter or ("\t" if suffix in {".tsv", ".tab"} else None)
    form = sniff_form(read_lines(path, encoding), delimiter=mark, has_header=has_header)
    if form is None:
        return Reading("csv", {}, lambda: iter(()))
    if format_ is None and not is_tabular(form):
        raise _unsupported(name, "is none of them by its name or its content")
    return Reading("csv", form.reading, lambda: read_csv(path, encoding, form))


def _refine(path: Path, encoding: Encoding, by_name: SourceFormat | None) -> SourceFormat | None:
    """Let the content decide between the two kinds of JSON, and where the name says nothing."""
    if by_name == "csv":
        return "csv"
    lines = (line.text.strip() for line in read_lines(path, encoding) if line.text.strip())
    first, second = next(lines, ""), next(lines, "")
    if not first.startswith(("{", "[")):
        return by_name
    if by_name == "jsonl":
        return "json" if _is_document(first, second) else "jsonl"
    return "jsonl" if first.startswith("{") and second and _is_whole(first) else "json"


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
    message = f"{name!r} {what}; JSON Lines, JSON, CSV and TSV are read. Convert it, or name its format."
    return SourceError(message, reason=Reason.INGESTION_UNSUPPORTED_FORMAT)
