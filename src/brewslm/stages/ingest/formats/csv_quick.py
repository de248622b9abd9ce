"""The plain majority of CSV records, read by the standard library's parser, block by block."""

import csv
from itertools import accumulate

import orjson

from brewslm.stages.ingest.formats.csv_dialect import CsvForm
from brewslm.stages.ingest.formats.csv_lines import CsvLines
from brewslm.stages.ingest.reading.batch import Batch
from brewslm.stages.ingest.reading.encoding import Encoding

MAX_TRIES = 32
"""Per block; what is damaged more often than this is read record by record."""
MAX_WAITING_BYTES = 4 << 20
"""An open quote is waited for so long before it is looked at closely."""


class QuickCsv:
    """Adds the records that come next, as long as there is no doubt about them; `CellScan` would give the same."""

    def __init__(self, form: CsvForm, encoding: Encoding) -> None:
        """Prepare for a dialect."""
        self._columns, self._encoding = form.columns, encoding.name
        self._is_possible = form.dialect.escape is None and not encoding.is_wide
        self._dialect = form.dialect
        self._block, self._tries = 0, 0

    def add_rows(self, batch: Batch, lines: CsvLines) -> bool:
        """Add rows; False where the next record wants a closer look."""
        if not self._is_possible or not self._may_try(lines):
            return False
        upcoming = lines.upcoming()
        try:
            texts = [line.decode(self._encoding) for line in upcoming]
        except UnicodeDecodeError:
            self._tries = MAX_TRIES
            return False
        if not upcoming or b"\0" in b"".join(upcoming):
            self._tries = MAX_TRIES
            return False
        rows, ends, is_open = self._parse(texts)
        if is_open and not rows and sum(map(len, upcoming)) < MAX_WAITING_BYTES and lines.lengthen():
            return self.add_rows(batch, lines)
        if not rows:
            return False
        offsets = list(accumulate(map(len, upcoming[: ends[-1]]), initial=lines.byte_offset))
        starts = [0, *ends[:-1]]
        kept = [index for index, row in enumerate(rows) if row]
        texts_out = [
            orjson.dumps(dict(zip(self._columns, rows[index], strict=True)), option=orjson.OPT_SORT_KEYS)
            for index in kept
        ]
        numbers = [lines.number + starts[index] for index in kept]
        batch.extend(numbers, [offsets[starts[index]] for index in kept], texts_out, [self._columns] if kept else [])
        lines.skip(upcoming[: ends[-1]])
        if is_open:
            lines.lengthen()
        return True

    def _may_try(self, lines: CsvLines) -> bool:
        if lines.num_blocks != self._block:
            self._block, self._tries = lines.num_blocks, 0
        self._tries += 1
        return self._tries <= MAX_TRIES

    def _parse(self, texts: list[str]) -> tuple[list[list[str]], list[int], bool]:
        """Rows, the number of lines up to the end of each, and whether what follows may only need more lines."""
        dialect, width = self._dialect, len(self._columns)
        reader = csv.reader(
            texts,
            delimiter=dialect.delimiter,
            quotechar=dialect.quote,
            skipinitialspace=dialect.skips_space,
            strict=True,
        )
        rows: list[list[str]] = []
        ends: list[int] = []
        try:
            for row in reader:
                if len(row) != width and row:
                    return rows, ends, False
                rows.append(row)
                ends.append(reader.line_num)
        except csv.Error:
            return rows, ends, reader.line_num == len(texts)
        return rows, ends, False
