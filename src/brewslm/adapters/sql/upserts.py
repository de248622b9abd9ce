"""INSERT for rows that may be there already: the same words in both databases, for which SQLAlchemy has two classes."""

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def put(connection: Connection, table: Table, *keys: str) -> "sqlite.Insert | postgresql.Insert":
    """Return the statement that inserts a row, or writes it over the one with the same keys."""
    return _put(connection.dialect.name, table, keys)


def put_new(connection: Connection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """Return the statement that inserts a row, or leaves the one that is there as it is."""
    return _insert(connection.dialect.name, table).on_conflict_do_nothing()


# Built once: an event's append is on the path of every state change.
@cache
def _put(dialect: str, table: Table, keys: tuple[str, ...]) -> "sqlite.Insert | postgresql.Insert":
    statement = _insert(dialect, table)
    rest = {column.name: statement.excluded[column.name] for column in table.c if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=list(keys), set_=rest)


def _insert(dialect: str, table: Table) -> "sqlite.Insert | postgresql.Insert":
    if dialect != "postgresql":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # a fifth of SQLAlchemy, which most workspaces do not need

    return postgresql.insert(table)
