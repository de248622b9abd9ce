"""The ledger in one SQLite file."""

import errno
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError

from brewslm.adapters.sql.driver import load_driver
from brewslm.adapters.sql.engine import make_engine
from brewslm.adapters.sql.failures import is_refused_write, translate
from brewslm.adapters.sql.migrate import migrate, revision_of
from brewslm.adapters.sql.schema import HEAD
from brewslm.adapters.sql.transaction import SqlTransaction
from brewslm.adapters.sql.verification import verify_chains
from brewslm.core.errors import DiskFullError, WorkspaceError
from brewslm.core.ports.storage import ChainProblem, Transaction

BUSY_TIMEOUT_SECONDS = 10.0
"""How long a writer waits for another process; transactions take milliseconds, so this is a stuck process."""


class SqlStorage:
    """Transactions on one database file. Safe to share between threads; several processes may open the same file."""

    def __init__(self, database_path: Path, *, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS) -> None:
        self._path = database_path
        self._timeout = busy_timeout_seconds
        self._writer = make_engine(database_path, use="write", busy_timeout_seconds=busy_timeout_seconds)
        self._reader = make_engine(database_path, use="read", busy_timeout_seconds=busy_timeout_seconds)
        self._driver_error: type[Exception] = load_driver().Error
        self._write_lock = threading.Lock()
        self._writing_thread: int | None = None

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Begin a writing transaction; commit at the end, roll back on an exception.

        Raises:
            WorkspaceError: the database stayed locked, or cannot be written.
            DiskFullError: there was no space.
            RuntimeError: this thread is inside another `write` already, and would wait for itself.
        """
        with self.writing() as connection:
            yield SqlTransaction.on(connection)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Begin a reading transaction; its view is fixed by the first question that is asked in it.

        Raises:
            WorkspaceError: the database cannot be read.
        """
        with self._connection(self._reader) as connection:
            yield SqlTransaction.on(connection)

    def stamp(self) -> object:
        """Return what is another value after a commit of any process: how the database and its log lie on disk."""
        return tuple(_print(Path(f"{self._path}{suffix}")) for suffix in ("", "-wal"))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Begin a reading transaction for a neighbour in this room."""
        with self._connection(self._reader) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Begin a writing transaction for a neighbour in this room."""
        with self._turn(), self._connection(self._writer) as connection:
            yield connection

    def watching(self) -> PoolProxiedConnection:
        """Open a reading connection outside of any transaction, for as long as it is kept."""
        return self._reader.raw_connection()

    def verify_events(self) -> tuple[int, tuple[ChainProblem, ...]]:
        """Re-compute every chain, page by page; return the number of events and the rows that do not fit."""
        with self._connection(self._reader) as connection:
            return verify_chains(connection)

    def close(self) -> None:
        """Close the connections of this process."""
        self._writer.dispose()
        self._reader.dispose()

    def prepare(self) -> None:
        """Make or migrate the tables where the file does not have them as this code expects.

        Raises:
            WorkspaceError: the file is not a database, of a newer version, of another program, or not writable.
            DiskFullError: there was no space.
        """
        with self._connection(self._reader) as connection:
            if revision_of(connection) == HEAD:
                return
        with self._turn(), self._connection(self._writer) as connection:
            migrate(connection, self._path)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let one thread of this process write at a time: SQLite's own waiting is polling, and not fair."""
        here = threading.get_ident()
        if self._writing_thread == here:
            message = "write() inside write(): the inner one would wait for the outer one"
            raise RuntimeError(message)
        if not self._write_lock.acquire(timeout=self._timeout):
            message = f"{str(self._path)!r} stayed locked by another thread for {self._timeout:g} s; try again."
            raise WorkspaceError(message)
        self._writing_thread = here
        try:
            yield
        finally:
            self._writing_thread = None
            self._write_lock.release()

    @contextmanager
    def _connection(self, engine: Engine) -> Iterator[Connection]:
        try:
            with engine.connect() as connection, connection.begin():
                yield connection
        except (DBAPIError, self._driver_error) as error:
            if engine is self._reader and is_refused_write(error):
                message = "a reading transaction was asked to write"
                raise RuntimeError(message) from error
            known = translate(error, self._path, busy_timeout_seconds=self._timeout)
            if known is None:
                raise
            raise known from error


def open_storage(database_path: Path, *, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS) -> SqlStorage:
    """Open the ledger, made or migrated where needed. A folder that is made is private to the user.

    Raises:
        WorkspaceError: the file cannot be used; the message says why, and what to do.
        DiskFullError: there was no space.
    """
    path = Path(database_path).absolute()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            message = f"No space is left for {str(path)!r}; free some space, then try again."
            raise DiskFullError(message) from error
        message = f"{str(path)!r} cannot be made ({error.strerror}); choose another workspace."
        raise WorkspaceError(message) from error
    storage = SqlStorage(path, busy_timeout_seconds=busy_timeout_seconds)
    storage.prepare()
    return storage


def _print(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
