"""Typed tables in files: a frozen dataclass or a named tuple is the schema, one value of it is a row."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

Row_contra = TypeVar("Row_contra", contravariant=True)
ValueT = TypeVar("ValueT")


class Nested(NamedTuple):
    """A column of tuples of data classes: how many each row has, and the fields of all of them one after the other."""

    lengths: Sequence[int]
    columns: "Columns"


Columns = Mapping[str, Sequence[Any] | Nested]
"""Values by the name of their field; a field that is left out has its default in every row."""


class Rows(Protocol[Row_contra]):
    """A table that is being written."""

    def add(self, rows: Sequence[Row_contra]) -> None:
        """Append rows; they reach the file in batches."""

    def add_columns(self, columns: Columns) -> None:
        """Append rows that are given column by column; they reach the file at once, as a batch of their own."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What a table's footer says."""

    num_rows: int
    columns: tuple[str, ...]


class Tables(Protocol):
    """Reads and writes tables, batch by batch, so that memory does not grow with the number of rows.

    Fields of a row may be texts, numbers, booleans, closed sets of texts, tuples of these or of dataclasses, and any
    scalar of these or None.
    """

    def read(self, path: Path, row: type[ValueT], *, start: int = 0) -> Iterator[list[ValueT]]:
        """Yield batches of rows from row number `start` on; only the columns that `row` names are read.

        A field with a default may be absent from the file.

        Raises:
            ArtifactDamagedError: the file is no table of such rows.
        """

    def each(self, path: Path, row: type[ValueT]) -> Iterator[ValueT]:
        """Yield the rows one by one, as `read` does; each is made when it is asked for, so a loop over many is faster.

        Raises:
            ArtifactDamagedError: the file is no table of such rows.
        """

    def pick(self, path: Path, row: type[ValueT], numbers: Collection[int]) -> list[ValueT]:
        """Return the rows with these numbers, in the order of the table; one after its end is left out.

        Raises:
            ArtifactDamagedError: the file is no table of such rows.
        """

    def write(self, path: Path, row: type[ValueT]) -> AbstractContextManager[Rows[ValueT]]:
        """Open a new table; it is whole when the context ends."""

    def outline(self, path: Path) -> Outline:
        """Say how large a table is, without reading it.

        Raises:
            ArtifactDamagedError: the file is no table.
        """

    def page(
        self, path: Path, *, start: int, limit: int, where: Mapping[str, str | int] | None = None
    ) -> list[dict[str, Any]]:
        """Return rows of any table as JSON-ready objects, for showing.

        Args:
            path: the table.
            start: how many rows are skipped; with `where`, of those that fit.
            limit: at most so many are returned.
            where: columns and the values that they must have; parts of the table that cannot hold them are not read.

        Raises:
            ArtifactDamagedError: the file is no table.
            NotFoundError: it has no such column, or one of texts is compared with a number.
        """
