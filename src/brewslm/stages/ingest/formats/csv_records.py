"""CSV and TSV: records of the width of the header. A record of another width is malformed, never shifted."""

from collections.abc import Iterator
from pathlib import Path

from brewslm.stages.ingest.formats.csv_cells import CellScan, cells_of
from brewslm.stages.ingest.formats.csv_dialect import CsvForm
from brewslm.stages.ingest.formats.csv_lines import CsvLines
from brewslm.stages.ingest.formats.csv_quick import QuickCsv
from brewslm.stages.ingest.reading.batch import Batch
from brewslm.stages.ingest.reading.encoding import Encoding
from brewslm.stages.ingest.reading.lines import Line
from brewslm.stages.ingest.reading.record import Record, malformed, record_of_value

MAX_RECORD_CHARACTERS = 16 << 20
"""A quoted cell that goes on for longer is taken for one that was never closed."""


def read_csv(path: Path, encoding: Encoding, form: CsvForm) -> Iterator[Batch]:
    """Yield a row for every CSV record that is not blank, without the header.

    Where a quote is never closed, or closes so that the lines inside look like records of their own, only its first
    line is malformed, and reading goes on with the next.
    """
    lines = CsvLines(path, encoding)
    quick = QuickCsv(form, encoding)
    if form.has_header:
        _next_group(lines, form)
    batch = Batch()
    while True:
        if not quick.add_rows(batch, lines):
            group = _next_group(lines, form)
            if group is None:
                break
            batch.add(_record(group, form))
        if batch.is_full:
            yield batch
            batch = Batch()
    if batch.lines:
        yield batch


class _Group:
    """The lines of one record, its cells where it is whole, else the problem."""

    def __init__(self, lines: list[Line], cells: list[str] | None, problem: str = "") -> None:
        self.lines, self.cells, self.problem = lines, cells, problem


def _next_group(lines: CsvLines, form: CsvForm) -> _Group | None:
    first = lines.take()
    while first is not None and not first.text.strip("\r\n") and first.problem is None:
        first = lines.take()
    if first is None:
        return None
    if first.problem is not None:
        return _Group([first], None, first.problem)
    scan = CellScan(form.dialect)
    taken, state, size = [first], scan.feed(first.text), len(first.text)
    while state == "open" and size <= MAX_RECORD_CHARACTERS:
        line = lines.take()
        if line is None:
            break
        taken.append(line)
        state, size = scan.feed(line.text), size + len(line.text)
    if state == "whole" and not _swallows(taken, scan.cells, form):
        return _Group(taken, scan.cells)
    lines.put_back(taken[1:])
    return _Group([first], None, _quote_problem(state, len(scan.cells) + 1, is_single=len(taken) == 1))


def _swallows(lines: list[Line], cells: list[str], form: CsvForm) -> bool:
    """Whether a record of several lines has the wrong width while a line inside it, or its bad bytes, stand alone."""
    if len(lines) == 1:
        return False
    if any(line.problem is not None for line in lines):
        return True
    width = len(form.columns)
    return len(cells) != width and any(len(cells_of(line.text, form.dialect) or ()) == width for line in lines[1:])


def _quote_problem(state: str, column: int, *, is_single: bool) -> str:
    if state == "broken" and is_single:
        return f"the quote of cell {column} closes in the middle of the cell"
    return "a quote that opens on this line is not closed where a cell ends"


def _record(group: _Group, form: CsvForm) -> Record:
    first = group.lines[0]
    raw = "".join(line.text for line in group.lines).rstrip("\r\n")
    if group.cells is None:
        return malformed(first.number, first.byte_offset, raw=raw, problem=group.problem)
    if len(group.cells) != len(form.columns):
        problem = f"it has {len(group.cells)} cells where the header has {len(form.columns)}"
        return malformed(first.number, first.byte_offset, raw=raw, problem=problem)
    record = dict(zip(form.columns, group.cells, strict=True))
    return record_of_value(record, raw, first.number, first.byte_offset)
