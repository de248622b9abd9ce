"""The ledger as a whole: backups of it, and moving it to another database."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from brewslm.adapters.sql.backups.contents import Contents, look_into
from brewslm.adapters.sql.backups.files import back_up as write_backup
from brewslm.adapters.sql.backups.files import put_in_place, unpacked
from brewslm.adapters.sql.backups.transfer import transfer
from brewslm.adapters.sql.database import Database
from brewslm.adapters.sql.postgres.database import postgres_at
from brewslm.adapters.sql.sqlite.database import SqliteFile
from brewslm.adapters.sql.storage import BUSY_TIMEOUT_SECONDS, SqlStorage
from brewslm.adapters.system.filesystem import refuse_network
from brewslm.adapters.system.leader import lock_workspace
from brewslm.adapters.system.owner import is_owner_gone
from brewslm.bootstrap.ledger import database_of, open_ledger, opened
from brewslm.bootstrap.settings import Settings
from brewslm.core.errors import ConflictError, InvalidRequestError
from brewslm.core.job import JobStatus

SQLITE = "sqlite:"


@dataclass(frozen=True, slots=True)
class Moved:
    """A ledger that lies in another place now, too."""

    source: str
    target: str
    contents: Contents
    kept: Path | None = None
    """Where what was replaced is kept."""


def back_up(settings: Settings, file: Path, *, is_replacing: bool) -> Moved:
    """Write the ledger as it is now into a file; whoever works goes on working.

    Raises:
        BrewError: see `adapters.sql.backups.files.back_up`.
    """
    source = database_of(settings)
    return Moved(source.name, str(file), write_backup(source, file.absolute(), is_replacing=is_replacing))


@dataclass(frozen=True, slots=True)
class Restoring:
    """A backup that was looked into, and the ledger that it would replace."""

    moved: Moved
    present: Contents
    _copy: Path
    _target: Database
    _home: Path

    def carry_out(self) -> Moved:
        """Put it in place. What the ledger held before is kept in a file, where that was anything."""
        kept = None
        if not self.present.is_empty:
            kept = self._home / f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.db"
            write_backup(self._target, kept)
        return Moved(self.moved.source, self.moved.target, put_in_place(self._copy, self._target), kept)


@contextlib.contextmanager
def restoring(settings: Settings, file: Path, *, is_replacing: bool) -> Iterator[Restoring]:
    """Look into a backup while nobody else may begin to lead, so that it can be asked whether it is the right one.

    Raises:
        ConflictError: a server or a job is at work, or the ledger holds something and is not to be replaced.
        BrewError: the file cannot be used.
    """
    with _nobody_leads(settings) as storage:
        present = _contents(storage)
        if not present.is_empty and not is_replacing:
            number = present.rows["projects"]
            message = (
                f"{storage.database.name!r} holds {number} project{'s' if number != 1 else ''} already; restore into "
                "an empty workspace (BREWSLM_HOME), or say --replace"
            )
            raise ConflictError(message)
        with unpacked(file.absolute(), settings.home) as (copy, contents):
            moved = Moved(str(file), storage.database.name, contents)
            yield Restoring(moved, present, copy, storage.database, settings.home)


def migrate_to(settings: Settings, place: str) -> Moved:
    """Copy the ledger into another, empty database; this one stays as it is.

    Raises:
        InvalidRequestError: `place` is no address of a database, or this one's.
        ConflictError: a server or a job is at work, or the other database holds something.
        WorkspaceError: either cannot be used, or what arrived is not what was sent.
    """
    target = _database_at(settings, place)
    with _nobody_leads(settings) as source:
        if target.name == source.database.name:
            raise InvalidRequestError(f"{target.name!r} is where the ledger is already; name another place.")
        with contextlib.closing(opened(target)) as other:
            if not other.hold_seat():
                raise ConflictError(f"{target.name!r} is being served just now; stop that server first.")
            held = _contents(other)
            if not held.is_empty:
                number = held.rows["projects"]
                message = f"{target.name!r} holds a ledger of {number} projects already; name an empty database."
                raise ConflictError(message)
            return Moved(source.database.name, target.name, transfer(source, other))


def _database_at(settings: Settings, place: str) -> Database:
    if not place.startswith(SQLITE):
        return postgres_at(place, busy_timeout_seconds=BUSY_TIMEOUT_SECONDS)
    path = place.removeprefix(SQLITE)
    file = Path(path.removeprefix("//")) if path else settings.database
    refuse_network(file.absolute().parent)
    return SqliteFile(file.absolute(), busy_timeout_seconds=BUSY_TIMEOUT_SECONDS)


def _contents(storage: SqlStorage) -> Contents:
    with storage.reading() as connection:
        return look_into(connection, storage.database.name)


@contextlib.contextmanager
def _nobody_leads(settings: Settings) -> Iterator[SqlStorage]:
    """Hold the places of the server of workspace and ledger, and see that no command is in the middle of a job."""
    lock = lock_workspace(settings.home)
    try:
        with contextlib.closing(open_ledger(settings)) as storage:
            if not storage.hold_seat():
                message = f"{storage.database.name!r} is being served just now; stop that server first."
                raise ConflictError(message)
            with storage.read() as transaction:
                running = transaction.jobs.list(statuses=(JobStatus.RUNNING,), limit=1000)
            for job in running:
                if job.lease_owner is not None and not is_owner_gone(job.lease_owner):
                    message = f"job {job.id} ({job.kind}) is being done by {job.lease_owner!r}; wait for its end first."
                    raise ConflictError(message)
            yield storage
    finally:
        lock.release()
