"""What a ledger holds, in numbers, and whether it is whole."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, inspect, select

from brewslm.adapters.sql.migrate import revision_of
from brewslm.adapters.sql.schema import metadata
from brewslm.adapters.sql.verification import verify_chains
from brewslm.core.errors import WorkspaceError
from brewslm.core.ports.storage import ChainProblem


@dataclass(frozen=True, slots=True)
class Contents:
    """The rows of each table, and every event that does not fit its chain."""

    schema: str
    rows: Mapping[str, int]
    problems: tuple[ChainProblem, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever done with it; that a server came up does not count as something."""
        return not self.rows.get("projects")


def look_into(connection: Connection, name: str) -> Contents:
    """Count the rows, and re-compute the hash chains.

    Raises:
        WorkspaceError: it is no ledger, or the file is damaged.
    """
    schema = revision_of(connection)
    if schema is None:
        message = f"{name!r} is no ledger of BrewSLM; give a file that `brewslm db backup` wrote."
        raise WorkspaceError(message)
    if connection.dialect.name == "sqlite":
        said = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
        if said != "ok":
            message = f"{name!r} is damaged ({said}); take another backup."
            raise WorkspaceError(message)
    return Contents(schema=schema, rows=count_rows(connection), problems=verify_chains(connection)[1])


def count_rows(connection: Connection) -> dict[str, int]:
    """Return how many rows each table has; a table that an older ledger lacks is left out."""
    present = set(inspect(connection).get_table_names())
    return {
        table.name: connection.scalar(select(func.count()).select_from(table)) or 0
        for table in metadata.sorted_tables
        if table.name in present
    }
