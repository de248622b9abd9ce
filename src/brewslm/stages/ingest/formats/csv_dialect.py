"""Finds out how a CSV file is written, from its first lines, and says so."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from brewslm.core.errors import SourceError
from brewslm.core.events.reasons import Reason
from brewslm.stages.ingest.formats.csv_cells import CellScan, Dialect
from brewslm.stages.ingest.reading.lines import Line

DELIMITERS = (",", "\t", ";", "|")
QUOTES = ('"', "'")
SAMPLE_CHARACTERS = 1 << 17
MAX_SNIFFED_LINE = 4 << 20
MAX_COLUMNS = 10_000

_NUMBER = re.compile(r"[-+]?\d[\d.,]*(?:[eE][-+]?\d+)?%?\Z")
_KNOWN_NAMES = frozenset(
    {
        *("id", "text", "label", "category", "intent", "sentiment", "class", "title", "content", "query", "source"),
        *("question", "answer", "prompt", "completion", "response", "instruction", "input", "output", "context"),
        *("messages", "target", "user", "assistant", "system"),
    }
)


@dataclass(frozen=True, slots=True)
class CsvForm:
    """How a CSV file is written, and what its columns are called."""

    dialect: Dialect
    has_header: bool
    columns: tuple[str, ...]
    is_regular: bool = True
    """Whether the sample has at least two records, and 19 of 20 have the same width."""

    @property
    def reading(self) -> dict[str, str]:
        """For the user: what was chosen."""
        spelled = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}
        return {
            "delimiter": spelled.get(self.dialect.delimiter, self.dialect.delimiter),
            "quote": self.dialect.quote + (", escaped by \\" if self.dialect.escape else ""),
            "header": "yes" if self.has_header else "no",
        }


def sniff_form(lines: Iterable[Line], *, delimiter: str | None, has_header: bool | None) -> CsvForm | None:
    """Look at the first lines; None where there is no record at all. What the user chose is not guessed."""
    sample = _sample(lines)
    candidates = [
        Dialect(mark, quote, skips_space=skips, escape=escape)
        for mark, quote, skips, escape in product(
            (delimiter,) if delimiter else DELIMITERS, QUOTES, (False, True), (None, "\\")
        )
        if (quote == QUOTES[0] or _opens_cells(sample, mark)) and (escape is None or _escapes(sample, quote))
    ]
    scored = [(_score(_records(sample, dialect)), dialect) for dialect in candidates]
    best = max(scored, key=lambda pair: pair[0])[1]
    records = _records(sample, best)
    if not records:
        return None
    header = is_header(records) if has_header is None else has_header
    width = len(records[0]) if header else Counter(map(len, records)).most_common(1)[0][0]
    if width > MAX_COLUMNS:
        message = f"The CSV has {width:,} columns; up to {MAX_COLUMNS:,} are read. Check that its delimiter is right."
        raise SourceError(message, reason=Reason.INGESTION_UNSUPPORTED_FORMAT)
    names = unique_names(records[0]) if header else tuple(f"column_{number}" for number in range(1, width + 1))
    common = Counter(map(len, records)).most_common(1)[0][1]
    return CsvForm(best, header, names, is_regular=len(records) > 1 and common >= 0.95 * len(records))


def is_tabular(form: CsvForm) -> bool:
    """Whether the form has at least two columns; what has one could be any text."""
    return len(form.columns) > 1


def _sample(lines: Iterable[Line]) -> list[str]:
    texts: list[str] = []
    size = 0
    for line in lines:
        if not line.text.strip("\r\n"):
            continue
        if len(line.text) > MAX_SNIFFED_LINE:
            message = (
                f"One of the first lines is longer than {MAX_SNIFFED_LINE:,} characters, so how the CSV is written "
                "cannot be told. Check that it is CSV."
            )
            raise SourceError(message, reason=Reason.INGESTION_UNSUPPORTED_FORMAT)
        texts.append(line.text)
        size += len(line.text)
        if size > SAMPLE_CHARACTERS:
            break
    return texts


def _opens_cells(sample: Sequence[str], mark: str) -> bool:
    """Whether more cells begin with the single than with the double quote; else it is an apostrophe."""
    double, single = (sum(f"{mark}{quote}" in f"{mark}{line}".replace(" ", "") for line in sample) for quote in QUOTES)
    return single > double


def _escapes(sample: Sequence[str], quote: str) -> bool:
    return any(f"\\{quote}" in line for line in sample)


def _records(lines: Sequence[str], dialect: Dialect) -> list[list[str]]:
    """Whole records of the sample; a record that breaks the rules counts as one of no cells."""
    records: list[list[str]] = []
    scan = CellScan(dialect)
    for line in lines:
        state = scan.feed(line)
        if state == "open":
            continue
        records.append(scan.cells if state == "whole" else [])
        scan = CellScan(dialect)
    return records


def _score(records: list[list[str]]) -> tuple[float, float]:
    """Share of records that have the most frequent width, from 2 up; then how much of the sample was understood.

    Ties go to the earlier candidate: the comma, the double quote.
    """
    widths = Counter(len(record) for record in records if record)
    if not widths:
        return 0.0, 0.0
    width, count = max(widths.items(), key=lambda pair: (pair[1] * (pair[0] > 1), pair[0]))
    share = count / len(records) if width > 1 else 0.0
    wrapped = sum(_is_wrapped(cell) for record in records for cell in record)
    return round(share, 2), -wrapped / max(1, sum(map(len, records)))


def _is_wrapped(cell: str) -> bool:
    """Whether a cell still has quotes or a space around it that another dialect would take away."""
    return cell.startswith(" ") or (len(cell) > 1 and cell[0] == cell[-1] and cell[0] in QUOTES)


def is_header(records: list[list[str]]) -> bool:
    """Whether the first record names columns: short, distinct words that are no numbers and do not recur below."""
    first = [cell.strip() for cell in records[0]]
    names = {cell.lower() for cell in first}
    if names & _KNOWN_NAMES and all(len(cell) <= 64 for cell in first):
        return True
    is_named = len(names) == len(first) and all(cell and len(cell) <= 40 and len(cell.split()) <= 4 for cell in first)
    if not is_named or any(_NUMBER.match(cell) or cell.endswith(("?", ".", "!")) for cell in first):
        return False
    below = [
        {record[index].strip().lower() for record in records[1:] if index < len(record)} for index in range(len(first))
    ]
    return not any(cell.lower() in seen for cell, seen in zip(first, below, strict=True))


def unique_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Names of the columns: an empty one is called by its number, a name that is there twice gets one too."""
    names: dict[str, None] = {}
    for number, cell in enumerate(cells, start=1):
        name = cell.strip() or f"column_{number}"
        while name in names:
            name = f"{name}_{number}"
        names[name] = None
    return tuple(names)
