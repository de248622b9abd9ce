"""Rows from one ledger into another of any kind: all of them in one transaction, verified before it ends."""

from sqlalchemy import Connection, insert, select

from brewslm.adapters.sql.backups.contents import Contents, look_into
from brewslm.adapters.sql.migrate import migrate
from brewslm.adapters.sql.schema import chain_heads, metadata
from brewslm.adapters.sql.storage import SqlStorage
from brewslm.core.errors import WorkspaceError

ROWS_AT_ONCE = 500


def transfer(source: SqlStorage, target: SqlStorage) -> Contents:
    """Put every row, as one reader sees the source, in the place of all that the target holds; return what it was.

    Raises:
        WorkspaceError: what arrived differs from what was sent; the target is as it was.
    """
    with source.reading() as old, target.writing() as new:
        # The tables are made anew, because their guards let no row of the old ones go.
        _remove(new)
        migrate(new, target.database.name)
        _copy(old, new)
        return _compared(old, new, source.database.name, target.database.name)


def _copy(old: Connection, new: Connection) -> None:
    for table in metadata.sorted_tables:
        # By key: a job comes after the job that it belongs to.
        query = select(table).order_by(*table.primary_key).execution_options(yield_per=ROWS_AT_ONCE)
        for rows in old.execute(query).mappings().partitions():
            new.execute(insert(table), [dict(row) for row in rows])


def _compared(old: Connection, new: Connection, source: str, target: str) -> Contents:
    sent, arrived = look_into(old, source), look_into(new, target)
    query = select(chain_heads).order_by(chain_heads.c.chain)
    if sent != arrived or old.execute(query).all() != new.execute(query).all():
        message = f"what arrived in {target!r} is not what {source!r} holds; nothing was kept there. Try again."
        raise WorkspaceError(message)
    return arrived


def _remove(connection: Connection) -> None:
    metadata.drop_all(connection)
    connection.exec_driver_sql("DROP TABLE alembic_version")
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("DROP FUNCTION run_events_refuse()")
