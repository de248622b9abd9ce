"""From what PostgreSQL reports to the one error tree, by the codes of its manual's appendix A."""

from brewslm.adapters.sql.database import Use
from brewslm.core.errors import (
    DiskFullError,
    InvalidRequestError,
    LedgerUnavailableError,
    NotFoundError,
    WorkspaceError,
)

_FOREIGN_KEY, _READ_ONLY, _LOCKED, _DISK_FULL, _TOO_MANY = "23503", "25006", "55P03", "53100", "53300"
_STOPPED = frozenset({"57P01", "57P02", "57P03", "57P05"})
_REFUSED = frozenset({"42501", "28000", "28P01"})
_DAMAGED = frozenset({"XX001", "XX002", "58030"})


def is_away(error: Exception) -> bool:
    """Whether the server cannot be reached, begins or ends; a connection that broke counts."""
    from psycopg import OperationalError

    code = code_of(error)
    return isinstance(error, OperationalError) and (not code or code.startswith("08") or code in _STOPPED)


def explain(error: Exception, name: str, *, use: Use, busy_timeout_seconds: float) -> Exception | None:
    """Return the error that a person can act on, or None where the mistake is the project's own."""
    code, cause = code_of(error), first_line(error)
    if code == _FOREIGN_KEY:
        return NotFoundError("The row names a project, job or artifact that the ledger does not hold.")
    if code == _READ_ONLY and use == "read":
        return RuntimeError("a reading transaction was asked to write")
    if code == _DISK_FULL:
        return DiskFullError(f"No space is left for {name!r}; nothing was written. Free some on its machine ({cause}).")
    if not code and "NUL" in cause:
        return InvalidRequestError("A text holds the character NUL, which PostgreSQL cannot keep; take it out.")
    sentence = _sentence(code)
    if sentence is not None:
        return WorkspaceError(f"{name!r} {sentence} ({cause}).")
    sentence = _passing(error, code, busy_timeout_seconds)
    return None if sentence is None else LedgerUnavailableError(f"{name!r} {sentence} ({cause}).")


def _passing(error: Exception, code: str, busy_timeout_seconds: float) -> str | None:
    """Say what may be over by itself."""
    if code == _LOCKED:
        return f"stayed locked by another process for {busy_timeout_seconds:g} s; stop it, or try again"
    if is_away(error):
        return "cannot be reached just now; start it, or correct its address"
    return None


def _sentence(code: str) -> str | None:
    if code == _READ_ONLY:
        return "may only be read; give the address of the server that is written to"
    if code == _TOO_MANY:
        return "has no connection left; raise its max_connections, or stop other programs"
    if code in _REFUSED:
        return "refuses this user; give it the right to make tables there, or name another one"
    if code in _DAMAGED:
        return "is damaged; restore it from a backup"
    return None


def code_of(error: Exception) -> str:
    """Return the code of five characters; empty where there is none, as where a connection did not come about."""
    return str(getattr(error, "sqlstate", None) or "")


def first_line(error: Exception) -> str:
    """Return the first line of what the server said."""
    return next(iter(str(error).strip().splitlines()), "no reason given").rstrip(" .")
