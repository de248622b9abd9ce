"""The ledger: which database has it."""

from brewslm.adapters.sql.database import Database
from brewslm.adapters.sql.sqlite.database import SqliteFile
from brewslm.adapters.sql.storage import BUSY_TIMEOUT_SECONDS, SqlStorage, making, open_storage, prepared
from brewslm.bootstrap.settings import Settings


def database_of(settings: Settings) -> Database:
    """Return the ledger's database: PostgreSQL where it is named, else the workspace's own file. Nothing is opened.

    Raises:
        InvalidRequestError: the address is none.
        WorkspaceError: the driver is missing.
    """
    if settings.database_url is None:
        return SqliteFile(settings.database, busy_timeout_seconds=BUSY_TIMEOUT_SECONDS)
    from brewslm.adapters.sql.postgres.database import postgres_at

    return postgres_at(settings.database_url, busy_timeout_seconds=BUSY_TIMEOUT_SECONDS)


def open_ledger(settings: Settings) -> SqlStorage:
    """Open the ledger, made or migrated where needed, and the workspace's folder.

    Raises:
        InvalidRequestError: the address of the database is none.
        WorkspaceError: the database or the folder cannot be used.
    """
    with making(settings.home):
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return opened(database_of(settings))


def opened(database: Database) -> SqlStorage:
    """Open a database as a ledger, made or migrated where needed."""
    return open_storage(database.path) if isinstance(database, SqliteFile) else prepared(database)
