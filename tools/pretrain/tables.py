"""Read the project's own word lists and short texts (tab-separated files beside this module)."""

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "material"


@cache
def read_table(name: str, *, num_columns: int) -> tuple[tuple[str, ...], ...]:
    """Read a tab-separated table of the project's own material.

    Raises:
        ValueError: if a line has another number of columns.
    """
    rows = []
    path = _FOLDER / f"{name}.tsv"
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        row = tuple(line.split("\t"))
        if len(row) != num_columns:
            raise ValueError(f"{path.name} line {number}: expected {num_columns} columns, found {len(row)}")
        rows.append(row)
    return tuple(rows)


@cache
def read_words(name: str) -> dict[str, tuple[str, ...]]:
    """Read named word lists: one list a line, `name<TAB>word | word | word`."""
    lists = {}
    for line in (_FOLDER / f"{name}.tsv").read_text(encoding="utf-8").splitlines():
        key, _, words = line.partition("\t")
        lists[key] = tuple(word.strip() for word in words.split("|"))
    return lists
