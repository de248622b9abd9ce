"""From what SQLite reports to the one error tree."""

import shutil
from pathlib import Path

from sqlalchemy.exc import DBAPIError, IntegrityError

from brewslm.core.errors import BrewError, DiskFullError, LedgerUnavailableError, NotFoundError, WorkspaceError

_BUSY, _LOCKED, _READONLY, _IO_ERROR, _CORRUPT, _FULL, _CANNOT_OPEN, _NOT_A_DATABASE = 5, 6, 8, 10, 11, 13, 14, 26
_NO_SPACE_BYTES = 1 << 20
"""Below this, an I/O error is taken for a lack of space: SQLite cannot tell when it grows its shared memory."""


def code_of(error: Exception) -> int:
    """Return the result code that SQLite gave (some drivers give the extended one); 0 where there is none."""
    return int(getattr(_cause(error), "sqlite_errorcode", 0) or 0)


def is_refused_write(error: Exception) -> bool:
    """Whether a connection that may only read was asked to write; a disk that is read-only is something else."""
    statement = (error.statement or "") if isinstance(error, DBAPIError) else ""
    return code_of(error) & 0xFF == _READONLY and statement.startswith(("INSERT", "UPDATE", "DELETE"))


def translate(error: Exception, database_path: Path, *, busy_timeout_seconds: float) -> BrewError | None:
    """Return the error that a person can act on, or None where the mistake is the project's own."""
    cause = _cause(error)
    primary = code_of(error) & 0xFF
    file = str(database_path)
    if isinstance(error, IntegrityError):
        if "FOREIGN KEY" in str(cause):
            return NotFoundError("The row names a project, job or artifact that the ledger does not hold.")
        return None
    if primary == _FULL or (primary == _IO_ERROR and _is_full(database_path.parent)):
        return DiskFullError(
            f"No space is left in {str(database_path.parent)!r}; nothing was written. Free some space, then try again."
        )
    sentences = {
        _BUSY: f"{file!r} stayed locked by another process for {busy_timeout_seconds:g} s; stop it, or try again.",
        _LOCKED: f"{file!r} is locked by another transaction; try again.",
        _READONLY: f"{file!r} is read-only; make the file and its folder writable, or choose another workspace.",
        _IO_ERROR: f"{file!r} could not be read or written ({cause}); check the disk.",
        _CORRUPT: f"{file!r} is damaged ({cause}); restore it from a copy.",
        _CANNOT_OPEN: f"{file!r} cannot be opened; check that its folder exists and that you may write there.",
        _NOT_A_DATABASE: f"{file!r} is not a database; move it away, or choose another workspace.",
    }
    sentence = sentences.get(primary)
    if sentence is None:
        return None
    return LedgerUnavailableError(sentence) if primary in {_BUSY, _LOCKED} else WorkspaceError(sentence)


def _cause(error: Exception) -> object:
    return error.orig if isinstance(error, DBAPIError) else error


def _is_full(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < _NO_SPACE_BYTES
