"""A JSON document: an array of objects, an object of arrays, or an object with one list of rows inside."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from brewslm.stages.ingest.formats.json_scan import (
    KEPT_CHARACTERS,
    MAX_PART_CHARACTERS,
    Part,
    PartScan,
    Place,
    TextStream,
)
from brewslm.stages.ingest.reading.encoding import Encoding
from brewslm.stages.ingest.reading.record import (
    JSON_SPACE,
    Record,
    malformed,
    parse_json,
    problem_of,
    quick_record,
    record_of_json,
    record_of_value,
)

MAX_LOST_SHARE = 0.25
"""A document that ends inside a record, with more than this share of its bytes unread, is refused."""
MAX_MEMBERS = 1000
"""Members of an object that are looked at to see where its rows are."""

_HEAD_CHARACTERS = 4096
_MEMBER = re.compile(r'"((?:[^"\\]|\\.)*)"[ \t\r\n]*:[ \t\r\n]*')
_AFTER_ARRAY = JSON_SPACE + ",]"

Layout = Literal["array", "columns", "rows", "record"]


@dataclass(frozen=True, slots=True)
class Column:
    """A member of an object."""

    key: str
    head: str
    """How its value begins."""
    place: Place
    """Where its value begins."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document, and how its rows lie in it."""

    path: Path
    encoding: Encoding
    layout: Layout
    start: Place
    """Where the array or object of the rows opens."""
    key: str = ""
    """The member that holds the rows, where they lie inside an object."""
    columns: tuple[Column, ...] = ()
    rest: Part | None = None
    """What follows the object, where it holds the rows."""


def open_document(path: Path, name: str, encoding: Encoding) -> Document:
    """See how the rows of a document lie.

    Raises:
        SourceError: no rows can be found in it.
    """
    stream = TextStream(path, encoding)
    begin = stream.skip_space(0)
    start = stream.place_of(begin)
    first = stream.text[begin : begin + 1]
    if first != "{":
        return Document(path, encoding, "array" if first == "[" else "record", start)
    stream.drop(begin)
    scan = PartScan(stream)
    found = (_member_of(part, encoding) for part in _first(scan.parts(), name))
    members = [member for member in found if member is not None]
    layout, columns = _layout_of(members, name)
    rest = None if layout == "record" or scan.end is None else _rest(stream, scan.end, JSON_SPACE)
    if layout == "rows":
        return Document(path, encoding, layout, columns[0].place, columns[0].key, rest=rest)
    document = Document(path, encoding, layout, start, columns=columns, rest=rest)
    if layout == "columns":
        _check_lengths(document)
    return document


def read_document(document: Document) -> Iterator[Record]:
    """Yield the records of a document.

    Raises:
        SourceError: the document ends inside a record, and too much of it is unread; `ingestion_malformed`.
    """
    if document.layout == "record":
        yield from _read_record(document)
    elif document.layout == "columns":
        yield from _read_columns(document)
    else:
        yield from _read_array(document)
    if document.rest is not None:
        yield _record_of_rest(document.rest)


def _read_array(document: Document) -> Iterator[Record]:
    stream = TextStream(document.path, document.encoding, document.start)
    stream.read_more()
    scan = PartScan(stream)
    is_closed = True
    for part in scan.parts():
        is_closed = part.is_closed
        yield _record_of_part(part) if is_closed else _record_of_lost(document, part)
    if scan.end is not None and document.layout == "array":
        rest = _rest(stream, scan.end, _AFTER_ARRAY)
        if rest is not None:
            yield _record_of_rest(rest)
    elif scan.end is None and is_closed:
        place = stream.place_of(len(stream.text))
        problem = "the document ends before the array of its rows is closed"
        yield malformed(place.line, place.byte_offset, raw="", problem=problem)


def _record_of_part(part: Part) -> Record:
    line, offset = part.place.line, part.place.byte_offset
    if part.is_cut:
        problem = f"the record is longer than {MAX_PART_CHARACTERS >> 20} Mi characters"
        return malformed(line, offset, raw=part.text, problem=problem)
    found = quick_record(part.text.encode("utf-8", "surrogatepass"))
    return Record(line, offset, *found) if found is not None else record_of_json(part.text, line, offset)


def _record_of_lost(document: Document, part: Part) -> Record:
    line, offset = part.place.line, part.place.byte_offset
    problem = f"the document ends inside this record; {part.num_characters:,} characters could not be read"
    num_bytes = document.path.stat().st_size
    if num_bytes - offset > MAX_LOST_SHARE * num_bytes:
        message = f"Line {line}: {problem}. Repair the bracket or the quote there, then import again."
        raise SourceError(message, reason=Reason.INGESTION_MALFORMED)
    return malformed(line, offset, raw=part.text, problem=problem)


def _record_of_rest(rest: Part) -> Record:
    problem = f"{rest.num_characters:,} characters follow the end of the document"
    return malformed(rest.place.line, rest.place.byte_offset, raw=rest.text, problem=problem)


def _rest(stream: TextStream, end: int, passed: str) -> Part | None:
    """What stands behind the end of the document, besides the characters that are passed over."""
    text = ""
    place, num = Place(0, 0), 0
    while True:
        left = stream.text[end:]
        if num == 0:
            stripped = left.lstrip(passed)
            place = stream.place_of(end + len(left) - len(stripped))
            left = stripped
        text += left[: max(0, KEPT_CHARACTERS - len(text))]
        num += len(left)
        stream.drop(len(stream.text))
        end = 0
        if not stream.read_more():
            return Part(text, place, num_characters=num) if num else None


def _read_record(document: Document) -> Iterator[Record]:
    stream = TextStream(document.path, document.encoding, document.start)
    while len(stream.text) <= MAX_PART_CHARACTERS and stream.read_more():
        pass
    text = stream.text.strip(JSON_SPACE)
    if text:
        is_cut = len(text) > MAX_PART_CHARACTERS
        part = Part(text[:KEPT_CHARACTERS] if is_cut else text, document.start, num_characters=len(text))
        yield _record_of_part(part)


def _read_columns(document: Document) -> Iterator[Record]:
    keys = [column.key for column in document.columns]
    for parts in zip_longest(*(_parts_at(document, column.place) for column in document.columns)):
        yield _record_of_row(keys, parts)


def _record_of_row(keys: list[str], parts: tuple[Part, ...]) -> Record:
    place = parts[0].place
    raw = "{" + ", ".join(f'"{key}": {part.text}' for key, part in zip(keys, parts, strict=True)) + "}"
    row: dict[str, Any] = {}
    for key, part in zip(keys, parts, strict=True):
        try:
            row[key] = parse_json(part.text)
        except (ValueError, RecursionError) as error:
            problem = f"in column {key[:80]!r}: {problem_of(error)}"
            return malformed(place.line, place.byte_offset, raw=raw, problem=problem)
    return record_of_value(row, raw, place.line, place.byte_offset)


def _parts_at(document: Document, place: Place) -> Iterator[Part]:
    stream = TextStream(document.path, document.encoding, place)
    stream.read_more()
    return PartScan(stream).parts()


def _check_lengths(document: Document) -> None:
    lengths = {column.key: sum(1 for _ in _parts_at(document, column.place)) for column in document.columns}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{key!r} has {length}" for key, length in list(lengths.items())[:20])
        message = f"The columns of the JSON document differ in length: {listed}. Make them equal, then import again."
        raise SourceError(message, reason=Reason.INGESTION_MALFORMED)


def _layout_of(members: list[Column], name: str) -> tuple[Layout, tuple[Column, ...]]:
    lists = [member for member in members if member.head.startswith("[")]
    tables = [member for member in lists if member.head[1:].lstrip(JSON_SPACE).startswith("{")]
    if not lists or {"messages", "conversations"} & {member.key for member in members}:
        return "record", ()
    if len(tables) == 1 and len(lists) == 1:
        return "rows", (tables[0],)
    if len(lists) == len(members) and not tables and len({member.key for member in members}) == len(members):
        return "columns", tuple(lists)
    message = (
        f"{name!r} is a JSON object whose rows cannot be told: {len(lists)} of its {len(members)} members are lists. "
        "Keep the rows as one array, or as JSON Lines."
    )
    raise SourceError(message, reason=Reason.INGESTION_UNSUPPORTED_FORMAT)


def _first(parts: Iterator[Part], name: str) -> Iterator[Part]:
    for number, part in enumerate(parts, start=1):
        if number > MAX_MEMBERS:
            message = f"{name!r} is a JSON object of more than {MAX_MEMBERS:,} members; keep its rows as one array."
            raise SourceError(message, reason=Reason.INGESTION_UNSUPPORTED_FORMAT)
        yield part


def _member_of(part: Part, encoding: Encoding) -> Column | None:
    match = _MEMBER.match(part.text)
    if match is None or match.end() >= len(part.text):
        return None
    passed = match.group()
    num_bytes = len(passed.encode(encoding.name, "surrogatepass" if encoding.is_wide else "surrogateescape"))
    breaks = passed.count("\n") + passed.count("\r") - passed.count("\r\n")
    place = Place(part.place.byte_offset + num_bytes, part.place.line + breaks)
    return Column(match.group(1), part.text[match.end() : match.end() + _HEAD_CHARACTERS], place)
