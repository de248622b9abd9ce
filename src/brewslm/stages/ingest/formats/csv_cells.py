"""Cells of a CSV record, fed line by line, so that a quote which never closes cannot swallow the file."""

from dataclasses import dataclass
from typing import Literal

State = Literal["whole", "open", "broken"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written. A quote inside a quoted cell is doubled (RFC 4180), or escaped where that is said."""

    delimiter: str
    quote: str = '"'
    skips_space: bool = False
    """Whether spaces after a delimiter belong to no cell."""
    escape: str | None = None
    """The character that takes away the meaning of the quote after it, inside quoted cells."""


class CellScan:
    """The cells of one record, which may go over several lines."""

    def __init__(self, dialect: Dialect) -> None:
        """Start a record."""
        self._dialect = dialect
        self._open: list[str] | None = None
        self.cells: list[str] = []

    def feed(self, line: str) -> State:
        """Take one more line with its line end; say whether the record is whole, goes on, or breaks the rules.

        It breaks them where a quote closes in the middle of a cell.
        """
        position = 0
        if self._open is not None:
            position = self._close(line, 0)
        elif self._dialect.quote not in line:
            self.cells = self._plain(line)
            return "whole"
        while position >= 0:
            position = self._cell(line, position)
        return "whole" if position == _WHOLE else "open" if position == _OPEN else "broken"

    def _plain(self, line: str) -> list[str]:
        cells = line.rstrip("\r\n").split(self._dialect.delimiter)
        return [cell.lstrip(" ") for cell in cells] if self._dialect.skips_space else cells

    def _cell(self, line: str, position: int) -> int:
        """Read the cell at `position`; return where the next one begins, or one of the three ends."""
        start = position
        if self._dialect.skips_space:
            while line.startswith(" ", start):
                start += 1
        if line.startswith(self._dialect.quote, start):
            self._open = []
            return self._close(line, start + 1)
        end = line.find(self._dialect.delimiter, start)
        if end < 0:
            self.cells.append(line[start:].rstrip("\r\n"))
            return _WHOLE
        self.cells.append(line[start:end])
        return end + len(self._dialect.delimiter)

    def _close(self, line: str, start: int) -> int:
        """Look for the quote that closes the open cell; return as `_cell` does."""
        quote, parts = self._dialect.quote, self._open or []
        position = start
        while True:
            end = line.find(quote, position)
            if end < 0:
                parts.append(self._bare(line[start:]))
                self._open = parts
                return _OPEN
            if self._is_escaped(line, start, end):
                position = end + 1
            elif line.startswith(quote, end + 1):
                position = end + 2
            else:
                break
        parts.append(self._bare(line[start:end]))
        self.cells.append("".join(parts))
        self._open = None
        return self._after(line, end + 1)

    def _is_escaped(self, line: str, start: int, end: int) -> bool:
        escape = self._dialect.escape
        if escape is None:
            return False
        before = line[start:end]
        return (len(before) - len(before.rstrip(escape))) % 2 == 1

    def _bare(self, text: str) -> str:
        """What stands between the quotes, without doubling and escapes."""
        quote, escape = self._dialect.quote, self._dialect.escape
        if escape is None:
            return text.replace(quote * 2, quote)
        kept = text.replace(escape * 2, "\0").replace(escape + quote, quote).replace(quote * 2, quote)
        return kept.replace("\0", escape) if "\0" not in text else text

    def _after(self, line: str, position: int) -> int:
        rest = line[position:]
        if rest.startswith(self._dialect.delimiter):
            return position + len(self._dialect.delimiter)
        return _WHOLE if not rest.rstrip("\r\n" if self._dialect.delimiter == "\t" else "\r\n ") else _BROKEN


_WHOLE, _OPEN, _BROKEN = -1, -2, -3


def cells_of(line: str, dialect: Dialect) -> list[str] | None:
    """The cells of a record that is whole on one line, else None."""
    scan = CellScan(dialect)
    return scan.cells if scan.feed(line) == "whole" else None
