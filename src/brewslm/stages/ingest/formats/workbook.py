"""XLSX: the first sheet that holds something; values as they were last computed."""

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from brewslm.stages.ingest.formats.columnar import Opened
from brewslm.stages.ingest.formats.csv_dialect import MAX_COLUMNS, is_header, unique_names
from brewslm.stages.ingest.formats.extras import needing_documents
from brewslm.stages.ingest.reading.batch import Batch, gather
from brewslm.stages.ingest.reading.record import Record, malformed, record_of_value

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

SAMPLE_ROWS = 20
MAX_UNPACKED_BYTES = 4 << 30
Row = Sequence[Any]


def open_workbook(path: Path, name: str, *, has_header: bool | None = None) -> Opened:
    """Find the sheet and its header.

    Raises:
        SourceError: the file is damaged, holds nothing, or the extra `documents` is missing.
    """
    with needing_documents(name):
        import openpyxl
    try:
        with zipfile.ZipFile(path) as archive:
            _check_size(archive, name)
        values = openpyxl.load_workbook(path, read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(path, read_only=True, data_only=False)
        sheets = [sheet.title for sheet in values.worksheets]
        sheet = next((title for title in sheets if _head(values[title])), None)
        head = _head(values[sheet]) if sheet is not None else []
    except (MemoryError, SourceError):
        raise
    except Exception as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        message = f"{name!r} is damaged: {why}. Save it again as .xlsx."
        raise SourceError(message, reason=Reason.INGESTION_MALFORMED) from error
    if sheet is None:
        return Opened({"sheet": "none holds a value"}, lambda: iter(()))
    cells = [[_text(cell) for cell in row] for _, row in head]
    header = is_header(cells) if has_header is None else has_header
    width = max(len(row) for row in cells)
    names = unique_names(cells[0]) if header else tuple(f"column_{number}" for number in range(1, width + 1))
    if len(names) > MAX_COLUMNS:
        message = f"{name!r} has {len(names):,} columns; up to {MAX_COLUMNS:,} are read. Check the sheet."
        raise SourceError(message, reason=Reason.INGESTION_UNSUPPORTED_FORMAT)
    details = {"sheet": sheet, "header": "yes" if header else "no"}
    if len(sheets) > 1:
        details["left_out"] = f"{len(sheets) - 1} other sheet{'s' if len(sheets) > 2 else ''}"
    details["formulas"] = "their last computed values, never evaluated"

    def read() -> Iterator[Batch]:
        rows = _rows(values[sheet], formulas[sheet])
        if header:
            next(rows, None)
        yield from gather(_records(rows, names, name))

    return Opened(details, read)


def _check_size(archive: zipfile.ZipFile, name: str) -> None:
    total = sum(info.file_size for info in archive.infolist())
    if total > MAX_UNPACKED_BYTES:
        message = f"{name!r} unpacks to {total:,} bytes; up to {MAX_UNPACKED_BYTES:,} are read. Save it as CSV."
        raise SourceError(message, reason=Reason.INGESTION_UNSUPPORTED_FORMAT)


def _head(sheet: "ReadOnlyWorksheet") -> list[tuple[int, Row]]:
    found: list[tuple[int, Row]] = []
    if not hasattr(sheet, "iter_rows"):  # a sheet of charts
        return found
    for number, row in enumerate(sheet.iter_rows(values_only=True, max_row=SAMPLE_ROWS * 50), start=1):
        trimmed = _trimmed(row)
        if trimmed:
            found.append((number, trimmed))
        if len(found) == SAMPLE_ROWS:
            break
    return found


def _rows(values: "ReadOnlyWorksheet", formulas: "ReadOnlyWorksheet") -> Iterator[tuple[int, Row]]:
    """Rows that are not blank, with their numbers; a formula without a computed value is told with an apostrophe."""
    both = zip_longest(values.iter_rows(values_only=True), formulas.iter_rows(values_only=True), fillvalue=())
    for number, (row, sources) in enumerate(both, start=1):
        cells = [
            f"'{source}" if cell is None and isinstance(source, str) and source.startswith("=") else cell
            for cell, source in zip_longest(row, sources)
        ]
        trimmed = _trimmed(cells)
        if trimmed:
            yield number, trimmed


def _records(rows: Iterator[tuple[int, Row]], names: tuple[str, ...], name: str) -> Iterator[Record]:
    number = 0
    while True:
        try:
            found = next(rows, None)
        except MemoryError:
            raise
        except Exception as error:
            why = " ".join(str(error).split())[:200] or type(error).__name__
            message = f"{name!r} is damaged after row {number:,}: {why}. Save it again as .xlsx."
            raise SourceError(message, reason=Reason.INGESTION_MALFORMED) from error
        if found is None:
            return
        number, cells = found
        raw = "\t".join(map(_text, cells))
        if len(cells) > len(names):
            problem = f"it has {len(cells)} cells where the header has {len(names)}"
            yield malformed(number, 0, raw=raw, problem=problem)
            continue
        padded = chain(cells, [None] * (len(names) - len(cells)))
        yield record_of_value({key: _plain(cell) for key, cell in zip(names, padded, strict=True)}, raw, number, 0)


def _trimmed(row: Row) -> Row:
    end = len(row)
    while end and row[end - 1] is None:
        end -= 1
    return row[:end]


def _plain(cell: Any) -> Any:  # noqa: ANN401 - any value of a cell
    if isinstance(cell, datetime):
        is_day = cell.time() == time()
        return cell.date().isoformat() if is_day else cell.isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return cell.total_seconds()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    return cell if cell is None or isinstance(cell, bool | int | float | str) else str(cell)


def _text(cell: Any) -> str:  # noqa: ANN401 - any value of a cell
    plain = _plain(cell)
    return "" if plain is None else str(plain)
