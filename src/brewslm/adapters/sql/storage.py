"""The ledger in a SQL database."""

import errno
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from brewslm.adapters.sql.database import Database, Look, Use
from brewslm.adapters.sql.migrate import migrate, revision_of
from brewslm.adapters.sql.schema import HEAD
from brewslm.adapters.sql.sqlite.database import SqliteFile
from brewslm.adapters.sql.transaction import SqlTransaction
from brewslm.adapters.sql.verification import verify_chains
from brewslm.core.errors import DiskFullError, WorkspaceError
from brewslm.core.ports.storage import ChainProblem, Transaction

BUSY_TIMEOUT_SECONDS = 10.0
"""How long a writer waits for another process; transactions take milliseconds, so this is a stuck process."""

AnswerT = TypeVar("AnswerT")

_TRIES = 10
"""In so many parts the turn to write is waited for, so that a process that was stopped meanwhile loses one of them."""

_AWAY_SECONDS = 0.1
"""How long is waited before a database that is away is asked again."""


class SqlStorage:
    """Transactions on one database. Safe to share between threads; several processes may open the same database."""

    def __init__(self, database: Database, *, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS) -> None:
        self.database = database
        self._timeout = busy_timeout_seconds
        self._patience = 0.0
        self._writer = database.engine("write")
        self._reader = database.engine("read")
        self._write_lock = threading.Lock()
        self._writing_thread: int | None = None
        self._seat = database.seat()
        self._look: Look | None = None
        self._look_lock = threading.Lock()

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
        with self.reading() as connection:
            yield SqlTransaction.on(connection)

    def stamp(self) -> object:
        """Return what is another value after a commit of any process."""
        with self._look_lock, self._explained("read"):
            return self._patiently(self._stamp)

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

    def verify_events(self) -> tuple[int, tuple[ChainProblem, ...]]:
        """Re-compute every chain, page by page; return the number of events and the rows that do not fit."""
        with self.reading() as connection:
            return verify_chains(connection)

    def hold_seat(self) -> bool:
        """Take the place of the one server, or keep it; whether this process has it now.

        Raises:
            WorkspaceError: the database cannot be asked.
        """
        with self._explained("read"):
            return self._patiently(self._seat.hold)

    def close(self) -> None:
        """Close the connections of this process."""
        if self._look is not None:
            self._look.close()
            self._look = None
        self._seat.leave()
        self._writer.dispose()
        self._reader.dispose()

    def prepare(self) -> None:
        """Make or migrate the tables where the database does not have them as this code expects.

        Raises:
            WorkspaceError: it is not a database, of a newer version, of another program, not writable, or away.
            DiskFullError: there was no space.
        """
        with self.reading() as connection:
            is_ready = revision_of(connection) == HEAD
        if not is_ready:
            with self.writing() as connection:
                migrate(connection, self.database.name)
        # Who has it open waits for a database that restarts; who opens it wants to know at once.
        self._patience = self._timeout

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let one thread of this process write at a time: SQLite's own waiting is polling, and not fair."""
        here = threading.get_ident()
        if self._writing_thread == here:
            message = "write() inside write(): the inner one would wait for the outer one"
            raise RuntimeError(message)
        tries = range(
            _TRIES
        )  # a process that was stopped meanwhile has lost one of them, and not all the time there is
        if not any(self._write_lock.acquire(timeout=self._timeout / _TRIES) for _ in tries):
            message = f"{self.database.name!r} stayed locked by another thread for {self._timeout:g} s; try again."
            raise WorkspaceError(message)
        self._writing_thread = here
        try:
            yield
        finally:
            self._writing_thread = None
            self._write_lock.release()

    @contextmanager
    def _connection(self, engine: Engine) -> Iterator[Connection]:
        use: Use = "read" if engine is self._reader else "write"
        with self._explained(use), self._patiently(lambda: _begun(engine)) as connection:
            yield connection
            connection.commit()

    @contextmanager
    def _explained(self, use: Use) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, self.database.driver_error) as error:
            known = self.database.explain(error, use=use)
            if known is None:
                raise
            raise known from error

    def _stamp(self) -> object:
        if self._look is None:
            self._look = self.database.look(self._reader)
        return self._look.stamp()

    def _patiently(self, ask: Callable[[], AnswerT]) -> AnswerT:
        """Ask; where the database is away, ask again for as long as a lock would be waited for."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return ask()
            except (DBAPIError, self.database.driver_error) as error:
                if time.monotonic() >= deadline or not self.database.is_away(error):
                    raise
            time.sleep(_AWAY_SECONDS)


def _begun(engine: Engine) -> Connection:
    """Return a connection that has begun its transaction."""
    connection = engine.connect()
    try:
        connection.begin()
    except BaseException:
        connection.close()
        raise
    return connection


def open_storage(database_path: Path, *, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS) -> SqlStorage:
    """Open the ledger in a file of SQLite, made or migrated where needed. A folder that is made is private to the user.

    Raises:
        WorkspaceError: the file cannot be used; the message says why, and what to do.
        DiskFullError: there was no space.
    """
    path = Path(database_path).absolute()
    with making(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
    return prepared(SqliteFile(path, busy_timeout_seconds=busy_timeout_seconds), busy_timeout_seconds)


@contextmanager
def making(path: Path) -> Iterator[None]:
    """Say in one line that a file or folder cannot be made.

    Raises:
        WorkspaceError: it cannot.
        DiskFullError: there was no space.
    """
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            message = f"No space is left for {str(path)!r}; free some space, then try again."
            raise DiskFullError(message) from error
        message = f"{str(path)!r} cannot be made ({error.strerror}); choose another workspace."
        raise WorkspaceError(message) from error


def prepared(database: Database, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS) -> SqlStorage:
    """Open the ledger in a database, made or migrated where needed.

    Raises:
        WorkspaceError: the database cannot be used; the message says why, and what to do.
        DiskFullError: there was no space.
    """
    storage = SqlStorage(database, busy_timeout_seconds=busy_timeout_seconds)
    try:
        storage.prepare()
    except BaseException:
        storage.close()
        raise
    return storage
