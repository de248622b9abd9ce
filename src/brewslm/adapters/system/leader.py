"""One server for a workspace: a lock of the kernel on a file, which ends with its process and with nothing else.

A stopped process keeps its lock, so that no clock decides. Who removes the file takes the lock away from nobody, but
lets another server begin; the older one sees that its file is another one, and ends.
"""

import fcntl
import json
import os
from pathlib import Path
from typing import IO

from brewslm.adapters.system.owner import process_owner
from brewslm.core.errors import ConflictError, WorkspaceError

LOCK_FILE = "server.lock"


class WorkspaceLock:
    """The lock, held until this process ends or `release` is called."""

    def __init__(self, stream: IO[str], path: Path) -> None:
        self._stream = stream
        self._path = path
        self.owner = process_owner()

    def is_current(self) -> bool:
        """Whether the file that is locked is the one that another server would lock."""
        try:
            there, held = self._path.stat(), os.fstat(self._stream.fileno())
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)

    def tell(self, address: str) -> None:
        """Write down where this server listens, for whoever is refused."""
        self._stream.seek(0)
        self._stream.truncate()
        json.dump({"pid": os.getpid(), "address": address}, self._stream)
        self._stream.flush()

    def release(self) -> None:
        """Let another server begin."""
        self._stream.close()


def lock_workspace(home: Path) -> WorkspaceLock:
    """Take the lock of a workspace.

    Raises:
        ConflictError: another server has it.
        WorkspaceError: the folder cannot be written.
    """
    path = home / LOCK_FILE
    while True:
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            stream = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")
        except OSError as error:
            message = f"{str(path)!r} cannot be made ({error.strerror}); choose another workspace."
            raise WorkspaceError(message) from error
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            told = stream.read()
            stream.close()
            raise ConflictError(_refusal(home, told)) from None
        lock = WorkspaceLock(stream, path)
        if lock.is_current():
            lock.tell("")
            return lock
        lock.release()  # it was removed between opening and locking


def address_of_server(home: Path) -> str | None:
    """Return where the server of a workspace listens; None where there is none."""
    try:
        with (home / LOCK_FILE).open() as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return str(json.loads(stream.read())["address"]) or None
    except (OSError, ValueError, KeyError):
        return None
    return None


def _refusal(home: Path, told: str) -> str:
    try:
        known = json.loads(told)
        pid, address = int(known["pid"]), str(known["address"])
    except (ValueError, TypeError, KeyError):
        return f"{str(home)!r} is being served by another process already; use that server, or stop it first"
    where = f"at {address}, " if address else ""
    return (
        f"{str(home)!r} is being served already, {where}by process {pid}; use that server, stop it with `kill {pid}`, "
        "or serve another workspace (BREWSLM_HOME)"
    )
