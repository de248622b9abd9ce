"""Brings a database to the schema of this code, in one transaction; Alembic loads only for one of another version."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from brewslm.adapters.sql.schema import HEAD
from brewslm.core.errors import WorkspaceError

MIGRATIONS = Path(__file__).parent / "migrations"
NEWEST = Path(__file__).parent / "sqlite" / "newest.sql"
"""All that the migrations make of an empty file of SQLite, in one go; `tools/newest_schema.py` writes it."""
_VERSION_TABLE = "alembic_version"


def revision_of(connection: Connection) -> str | None:
    """Return the revision that the database is at; None for an empty database."""
    has_version = inspect(connection).has_table(_VERSION_TABLE)
    return connection.scalar(text(f"SELECT version_num FROM {_VERSION_TABLE}")) if has_version else None  # noqa: S608


def migrate(connection: Connection, place: Path | str, *, migrations: Path = MIGRATIONS, target: str = HEAD) -> None:
    """Apply what is missing. The connection holds the write lock; the caller commits, or rolls everything back.

    Raises:
        WorkspaceError: the database is of a newer BrewSLM, or of another program.
    """
    current = revision_of(connection)
    if current == target:
        return
    if current is None and inspect(connection).get_table_names():
        message = f"{str(place)!r} belongs to another program; choose another place for the ledger."
        raise WorkspaceError(message)
    if current is None and connection.dialect.name == "sqlite" and (migrations, target) == (MIGRATIONS, HEAD):
        _make(connection)
        return

    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(migrations))
    known = {script.revision for script in scripts.walk_revisions()}
    if current is not None and current not in known:
        message = (
            f"{str(place)!r} was written by a newer BrewSLM (schema {current}; this one knows {target}). "
            "Upgrade BrewSLM, or choose another place for the ledger."
        )
        raise WorkspaceError(message)
    context = MigrationContext.configure(connection, opts={"transactional_ddl": True})
    with Operations.context(context):
        for script in reversed(list(scripts.iterate_revisions(target, current))):
            script.module.upgrade()
    context.stamp(scripts, target)


def statements_of(connection: Connection) -> tuple[str, ...]:
    """Return what made the tables, indexes and triggers of a file of SQLite, in their order."""
    found = connection.execute(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"))
    return tuple(found.scalars())


def _make(connection: Connection) -> None:
    """Make a new ledger, without the half second that Alembic and every migration take."""
    for statement in NEWEST.read_text(encoding="utf-8").split("\n\n"):
        connection.exec_driver_sql(statement)
    connection.execute(text(f"INSERT INTO {_VERSION_TABLE} (version_num) VALUES (:head)"), {"head": HEAD})  # noqa: S608
