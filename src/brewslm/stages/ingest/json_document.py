"""A JSON document: an array of objects, an object of arrays, or an object with one list of rows inside."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from brewslm.stages.ingest.encoding import Encoding
from brewslm.stages.ingest.json_scan import Part, parts_of, skip_space
from brewslm.stages.ingest.record import Record, malformed, parse_json, problem_of, record_of_json, record_of_value

MAX_DOCUMENT_BYTES = 1 << 30
"""A JSON document is held in memory while it is read; larger ones are better kept as JSON Lines."""
MAX_LOST_SHARE = 0.25
"""A document that ends inside a record, with more than this share of its text unread, is refused."""

_MEMBER = re.compile(r'"((?:[^"\\]|\\.)*)"[ \t\r\n]*:[ \t\r\n]*')

_REST = re.compile(r"[ \t\r\n,]*\]?[ \t\r\n]*")

Layout = Literal["array", "columns", "rows", "record"]


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a document, and how its rows lie in it."""

    text: str
    bom_bytes: int
    encoding: str
    layout: Layout
    start: int
    """Where the array or object of the rows opens."""
    key: str = ""
    """The member that holds the rows, where they lie inside an object."""


def open_document(path: Path, encoding: Encoding) -> Document:
    """Read a document and see how its rows lie.

    Raises:
        SourceError: it is too large, or no rows can be found in it.
    """
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        message = (
            f"{path.name!r} is a JSON document of more than {MAX_DOCUMENT_BYTES >> 30} GiB; convert it to JSON Lines."
        )
        raise SourceError(message, reason=Reason.INGESTION_UNSUPPORTED_FORMAT)
    data = path.read_bytes()[encoding.bom_bytes :]
    is_wide = encoding.name.startswith("utf-16")
    text = data[: len(data) // 2 * 2 if is_wide else None].decode(encoding.name, _errors_for(encoding.name))
    start = skip_space(text, 0)
    layout: Layout = "array"
    key = ""
    if text[start : start + 1] == "{":
        layout, start, key = _layout_of_object(path.name, text, start)
    return Document(text, encoding.bom_bytes, encoding.name, layout, start, key)


def read_document(document: Document) -> Iterator[Record]:
    """Yield the records of a document.

    Raises:
        SourceError: the document ends inside a record, and too much of it is unread; `ingestion_malformed`.
    """
    place = _Place(document)
    if document.layout == "record":
        yield record_of_json(document.text[document.start :].strip(), *place.at(document.start))
    elif document.layout == "columns":
        yield from _read_columns(document, place)
    else:
        yield from _read_array(document, place)


def _read_array(document: Document, place: "_Place") -> Iterator[Record]:
    text, end = document.text, document.start + 1
    for part in parts_of(text, document.start):
        line, offset = place.at(part.start)
        end = part.end
        if part.is_closed:
            yield record_of_json(text[part.start : part.end], line, offset)
            continue
        lost = part.end - part.start
        problem = f"the document ends inside this record; {lost:,} characters could not be read"
        if lost > MAX_LOST_SHARE * len(text):
            message = f"Line {line}: {problem}. Repair the bracket or the quote there, then import again."
            raise SourceError(message, reason=Reason.INGESTION_MALFORMED)
        yield malformed(line, offset, raw=text[part.start : part.end], problem=problem)
        return
    rest = _REST.match(text, end)
    if document.layout == "array" and rest is not None and rest.end() < len(text):
        problem = f"{len(text) - rest.end():,} characters follow the end of the document"
        yield malformed(*place.at(rest.end()), raw=text[rest.end() :], problem=problem)


def _read_columns(document: Document, place: "_Place") -> Iterator[Record]:
    columns = {key: _parse_column(document.text, value, key) for key, value in _members(document.text, document.start)}
    first = next(iter(_members(document.text, document.start)))[1]
    lengths = {key: len(values) for key, values in columns.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{key!r} has {length}" for key, length in lengths.items())
        message = f"The columns of the JSON document differ in length: {listed}. Make them equal, then import again."
        raise SourceError(message, reason=Reason.INGESTION_MALFORMED)
    for part, *values in zip_longest(parts_of(document.text, first.start), *columns.values()):
        row = dict(zip(columns, values, strict=True))
        yield record_of_value(row, str(row), *place.at(part.start))


def _parse_column(text: str, value: Part, key: str) -> list[Any]:
    try:
        parsed = parse_json(text[value.start : value.end])
    except (ValueError, RecursionError) as error:
        message = f"The column {key!r} of the JSON document cannot be read: {problem_of(error)}."
        raise SourceError(message, reason=Reason.INGESTION_MALFORMED) from error
    return list(parsed)


def _layout_of_object(name: str, text: str, start: int) -> tuple[Layout, int, str]:
    members = list(_members(text, start))
    lists = [(key, value) for key, value in members if text[value.start] == "["]
    tables = [(key, value) for key, value in lists if text[skip_space(text, value.start + 1)] == "{"]
    if not lists or {"messages", "conversations"} & {key for key, _ in members}:
        return "record", start, ""
    if len(tables) == 1 and len(lists) == 1:
        key, value = tables[0]
        return "rows", value.start, key
    if len(lists) == len(members) and not tables:
        return "columns", start, ""
    message = (
        f"{name!r} is a JSON object whose rows cannot be told: {len(lists)} of its {len(members)} members are lists. "
        "Keep the rows as one array, or as JSON Lines."
    )
    raise SourceError(message, reason=Reason.INGESTION_UNSUPPORTED_FORMAT)


def _members(text: str, start: int) -> Iterator[tuple[str, Part]]:
    for part in parts_of(text, start):
        match = _MEMBER.match(text, part.start)
        if match is not None and match.end() < part.end:
            yield match.group(1), Part(match.end(), part.end, part.is_closed)


def _errors_for(encoding: str) -> str:
    """Undecodable parts become lone surrogates, which make malformed only the records that they are in."""
    return "surrogatepass" if encoding.startswith("utf-16") else "surrogateescape"


class _Place:
    """Turns positions in a text, asked for in rising order, into lines and byte offsets."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._position, self._line, self._offset = 0, 1, document.bom_bytes

    def at(self, position: int) -> tuple[int, int]:
        """The line (from 1) and the byte offset in the file."""
        passed = self._document.text[self._position : position]
        self._line += passed.count("\n") + passed.count("\r") - passed.count("\r\n")
        self._offset += len(passed.encode(self._document.encoding, _errors_for(self._document.encoding)))
        self._position = position
        return self._line, self._offset
