"""Parses the files of a source into one table; the same code in the limited process and in tests."""

import json
from collections.abc import Callable
from pathlib import Path

from brewslm.core.artifacts.snapshot import MAX_LISTED_PARTS, SnapshotPart
from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from brewslm.stages.ingest.formats.choice import Choices, reading_of
from brewslm.stages.ingest.parser.opening import ToParse, opened_files
from brewslm.stages.ingest.parser.order import Order, Parsed, Progress
from brewslm.stages.ingest.reading.table import RowTable

MAX_NOTES = 20


def parse(order: Order, say: Callable[[Progress], None]) -> Parsed:
    """Write `rows.parquet` and `parts.jsonl` into the draft, one row per record of all files.

    Raises:
        SourceError: a file is in no format that is read, or damaged; or there is no row, or none of a split.
    """
    notes: list[str] = []

    def still_here(name: str) -> None:
        say(Progress(fraction=0.0, num_rows=0, file=name))

    files = opened_files(order.files, Path(order.scratch), notes, still_here)
    draft = Path(order.draft)
    table = RowTable(draft / "rows.parquet", names_files=len(files) > 1)
    try:
        parts = _parse_all(files, order, table, notes, say)
    finally:
        table.close()
    _refuse_empty(files, parts)
    _refuse_idle_choices(order, parts)
    lines = (json.dumps(part.model_dump(mode="json"), ensure_ascii=False, sort_keys=True) for part in parts)
    (draft / "parts.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    written = table.written
    return Parsed(
        parts=tuple(parts[:MAX_LISTED_PARTS]),
        num_parts=len(parts),
        format=parts[0].format if len({part.format for part in parts}) == 1 else "mixed",
        encoding=parts[0].encoding if len({part.encoding for part in parts}) == 1 else "mixed",
        reading=dict(item for item in parts[0].reading.items() if all(item in part.reading.items() for part in parts)),
        num_rows=written.num_rows,
        num_malformed=written.num_malformed,
        columns=tuple(written.columns),
        notes=tuple([*notes[:MAX_NOTES], f"and {len(notes) - MAX_NOTES:,} more"] if len(notes) > MAX_NOTES else notes),
        first_problems=tuple(written.problems),
    )


def _parse_all(
    files: tuple[ToParse, ...], order: Order, table: RowTable, notes: list[str], say: Callable[[Progress], None]
) -> list[SnapshotPart]:
    total, passed = max(1, sum(file.num_bytes for file in files)), 0
    parts: list[SnapshotPart] = []
    left_out: SourceError | None = None
    for file in files:

        def at(position: int, passed: int = passed, file: ToParse = file) -> None:
            fraction = min(1.0, (passed + min(position, file.num_bytes)) / total)
            say(Progress(fraction=fraction, num_rows=table.written.num_rows, file=file.name))

        at(0)
        try:
            part = _parse_one(file, order, table, at, is_alone=len(files) == 1) if file.num_bytes else None
        except SourceError as error:
            if not file.is_from_archive or error.code != Reason.INGESTION_UNSUPPORTED_FORMAT or len(files) == 1:
                raise
            left_out = left_out or error
            notes.append(f"left out: {error}")
        else:
            if part is None or part.num_rows == 0:
                notes.append(f"{file.name!r} holds no record")
            parts += [] if part is None else [part]
        passed += file.num_bytes
    if left_out is not None and not parts:
        raise left_out
    return parts


def _parse_one(
    file: ToParse, order: Order, table: RowTable, at: Callable[[int], None], *, is_alone: bool
) -> SnapshotPart:
    choices = Choices(order.format, order.encoding, order.delimiter, order.has_header)
    before, bad_before = table.written.num_rows, table.written.num_malformed
    try:
        reading = reading_of(file.path, file.name, choices)
        for batch in reading.read():
            table.add(batch, file=file.name, split=file.split)
            at(batch.offsets[-1])
    except SourceError as error:
        if repr(file.name) in str(error) or is_alone:
            raise
        raise SourceError(f"{file.name!r}: {error}", reason=error.code) from error
    return SnapshotPart(
        name=file.name,
        format=reading.format,
        encoding=reading.encoding,
        reading=reading.details,
        num_rows=table.written.num_rows - before,
        num_malformed=table.written.num_malformed - bad_before,
        split=file.split,
    )


def _refuse_idle_choices(order: Order, parts: list[SnapshotPart]) -> None:
    """Refuse what the user said where none of the files could heed it."""
    formats = {part.format for part in parts}
    idle = [
        ("--delimiter", order.delimiter is not None and "csv" not in formats),
        ("--header", order.has_header is not None and not formats & {"csv", "xlsx"}),
        ("--encoding", order.encoding is not None and {part.encoding for part in parts} == {"binary"}),
    ]
    option = next((option for option, is_idle in idle if is_idle), None)
    if option is not None:
        message = f"{option} says nothing about {', '.join(sorted(formats))}. Leave it out, or name the --format."
        raise SourceError(message, reason=Reason.SYSTEM_REQUEST_INVALID)


def _refuse_empty(files: tuple[ToParse, ...], parts: list[SnapshotPart]) -> None:
    filled = {part.split for part in parts if part.num_rows}
    if not filled:
        name = files[0].name
        what = f"{name!r} has" if len(files) == 1 else f"The {len(files):,} files, {name!r} first, have"
        why = "it holds no record" if files[0].num_bytes else "the file is empty"
        why = why if len(files) == 1 else "none of them holds a record"
        raise SourceError(f"{what} no rows: {why}. Check that it is the right file.", reason=Reason.INGESTION_EMPTY)
    empty = sorted({file.split for file in files if file.split is not None and file.split not in filled})
    if empty:
        message = f"The split {empty[0]!r} of the source has no rows. Leave it out, or check its files."
        raise SourceError(message, reason=Reason.INGESTION_EMPTY)
