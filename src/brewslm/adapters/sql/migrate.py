"""Brings a database to the schema of this code, in one transaction; Alembic loads only when there is work for it."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from brewslm.adapters.sql.schema import HEAD
from brewslm.core.errors import WorkspaceError

MIGRATIONS = Path(__file__).parent / "migrations"
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
