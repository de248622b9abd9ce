"""Backups as files, and back again. A file is whole or absent; a ledger is the old one or the new one."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from brewslm.adapters.files.atomic import fsync_folder, naming_full_disk
from brewslm.adapters.sql.backups.contents import Contents, look_into
from brewslm.adapters.sql.backups.transfer import transfer
from brewslm.adapters.sql.database import Database
from brewslm.adapters.sql.sqlite.database import SqliteFile
from brewslm.adapters.sql.sqlite.driver import load_driver
from brewslm.adapters.sql.storage import BUSY_TIMEOUT_SECONDS, SqlStorage, open_storage, prepared
from brewslm.core.errors import ConflictError, NotFoundError, WorkspaceError


def back_up(source: Database, file: Path, *, is_replacing: bool = False) -> Contents:
    """Write what the ledger holds at one moment into a file, while others go on reading and writing.

    Raises:
        ConflictError: the file exists, and is not to be replaced.
        NotFoundError: there is no ledger, or no such folder.
        WorkspaceError: the ledger cannot be read, or the file cannot be written.
        DiskFullError: there was no space.
    """
    if file.exists() and not is_replacing:
        raise ConflictError(f"{str(file)!r} exists; choose another name, or say --replace.")
    if not file.parent.is_dir():
        raise NotFoundError(f"There is no folder {str(file.parent)!r}; make it, or choose another one.")
    with naming_full_disk(file.parent), _aside(file.parent) as draft:
        if isinstance(source, SqliteFile):
            if not source.path.is_file():
                raise NotFoundError(f"There is no ledger at {source.name!r} yet, so that nothing can be kept of it.")
            copy_pages(source.path, draft)
        else:
            with contextlib.closing(prepared(source)) as old, contextlib.closing(open_storage(draft)) as new:
                transfer(old, new)
        _close_journal(draft)
        contents = read_contents(draft)
        _sync(draft)
        try:
            draft.replace(file)
        except OSError as error:
            raise WorkspaceError(f"{str(file)!r} cannot be written ({error.strerror}); choose another one.") from error
        fsync_folder(file.parent)
    return contents


@contextlib.contextmanager
def unpacked(file: Path, folder: Path) -> Iterator[tuple[Path, Contents]]:
    """Give a copy of a backup in `folder`, brought to the tables of this version, and what it holds.

    Raises:
        NotFoundError: there is no such file.
        WorkspaceError: it is no ledger, of a newer version, damaged, or was changed by force.
    """
    if not file.is_file():
        raise NotFoundError(f"There is no file {str(file)!r}; give one that `brewslm db backup` wrote.")
    _refuse_other_files(file)
    with naming_full_disk(folder), _aside(folder) as copy:
        copy_pages(file, copy)
        contents = read_contents(copy, str(file))
        if contents.problems:
            first = contents.problems[0]
            message = f"{str(file)!r} was changed by force: event {first.seq}, {first.problem}; take another backup."
            raise WorkspaceError(message)
        open_storage(copy).close()
        _close_journal(copy)
        yield copy, contents


def put_in_place(copy: Path, target: Database) -> Contents:
    """Make a ledger hold what an unpacked backup holds, and nothing else; a crash leaves the old one or the new one.

    Raises:
        WorkspaceError: it cannot be written.
    """
    if isinstance(target, SqliteFile):
        copy_pages(copy, target.path)
        return read_contents(target.path)
    with contextlib.closing(open_storage(copy)) as old, contextlib.closing(prepared(target)) as new:
        return transfer(old, new)


def read_contents(path: Path, name: str = "") -> Contents:
    """Look into a ledger in a file, and change nothing."""
    storage = SqlStorage(SqliteFile(path, busy_timeout_seconds=BUSY_TIMEOUT_SECONDS))
    with contextlib.closing(storage), storage.reading() as connection:
        return look_into(connection, name or str(path))


def copy_pages(source: Path, target: Path) -> None:
    """Copy a database page by page as it is at one moment, in one transaction of the target.

    Raises:
        WorkspaceError: either cannot be used.
    """
    driver = load_driver()
    seconds = BUSY_TIMEOUT_SECONDS
    try:
        with (
            contextlib.closing(driver.connect(str(source), timeout=seconds)) as old,
            contextlib.closing(driver.connect(str(target), timeout=seconds)) as new,
        ):
            old.execute("PRAGMA query_only = ON")
            # In one step: in several, every commit of another process would make it begin again.
            old.backup(new)
    except driver.Error as error:
        known = SqliteFile(source, busy_timeout_seconds=seconds).explain(error, use="write")
        raise (known or WorkspaceError(f"{str(source)!r} cannot be copied ({error}); try again.")) from error


def _close_journal(path: Path) -> None:
    """Put everything into the one file, which then needs no other beside it."""
    with contextlib.closing(load_driver().connect(str(path))) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


@contextlib.contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """Name a new file in the folder that nobody else may read, and take it away in the end, where it still is there."""
    path = folder / f".ledger-{secrets.token_hex(4)}.db"
    try:
        path.touch(mode=0o600)
    except OSError as error:
        message = f"{str(folder)!r} cannot be written ({error.strerror}); choose another folder."
        raise WorkspaceError(message) from error
    try:
        yield path
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def _refuse_other_files(file: Path) -> None:
    with file.open("rb") as stream:
        if stream.read(16) != b"SQLite format 3\0":
            raise WorkspaceError(f"{str(file)!r} is no backup; give a file that `brewslm db backup` wrote.")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
