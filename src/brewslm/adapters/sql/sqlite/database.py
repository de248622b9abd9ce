"""A file of SQLite as the ledger's database."""

from pathlib import Path

from sqlalchemy import Engine, PoolProxiedConnection

from brewslm.adapters.sql.database import Use
from brewslm.adapters.sql.sqlite.driver import load_driver
from brewslm.adapters.sql.sqlite.engine import make_engine
from brewslm.adapters.sql.sqlite.failures import is_refused_write, translate


class OwnSeat:
    """Whose workspace it is, its file is: the lock of the workspace is enough."""

    def hold(self) -> bool:
        """Whether this process has it: always."""
        return True

    def leave(self) -> None:
        """Do nothing."""


class VersionLook:
    """SQLite's own count of what others have committed, as one connection sees it."""

    def __init__(self, connection: PoolProxiedConnection) -> None:
        self._connection = connection

    def stamp(self) -> object:
        """Return the count."""
        cursor = self._connection.cursor()
        try:
            cursor.execute("PRAGMA data_version")
            return cursor.fetchone()
        finally:
            cursor.close()

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


class SqliteFile:
    """Implements `Database`."""

    def __init__(self, path: Path, *, busy_timeout_seconds: float) -> None:
        self.path = path
        self.name = str(path)
        self.driver_error: type[Exception] = load_driver().Error
        self._timeout = busy_timeout_seconds

    def engine(self, use: Use) -> Engine:
        """Return a pool of connections to the file."""
        return make_engine(self.path, use=use, busy_timeout_seconds=self._timeout)

    def explain(self, error: Exception, *, use: Use) -> Exception | None:
        """Return the error that a person can act on."""
        if use == "read" and is_refused_write(error):
            return RuntimeError("a reading transaction was asked to write")
        return translate(error, self.path, busy_timeout_seconds=self._timeout)

    def is_away(self, error: Exception) -> bool:  # noqa: ARG002 - it waits by itself, for locks
        """Whether waiting may help: never."""
        return False

    def look(self, reader: Engine) -> "VersionLook":
        """Return what tells commits."""
        return VersionLook(reader.raw_connection())

    def seat(self) -> OwnSeat:
        """Return the place of the one server."""
        return OwnSeat()
