"""Which SQLite is used, and what it is safe to ask of it."""

import importlib
from types import ModuleType

from brewslm.core.errors import WorkspaceError

OLDEST_USABLE = (3, 35, 0)
"""The first version with RETURNING."""

OLDEST_SAFE_WAL = (3, 51, 3)
"""The first version without the race of checkpoint and writer that could damage a database in WAL mode."""


def load_driver() -> ModuleType:
    """Return the DB-API module: the bundled SQLite where it is installed, else that of the standard library.

    Raises:
        WorkspaceError: the SQLite that was found is too old.
    """
    try:
        module = importlib.import_module("pysqlite3.dbapi2")
    except ModuleNotFoundError:
        module = importlib.import_module("sqlite3.dbapi2")
    if module.sqlite_version_info < OLDEST_USABLE:
        message = (
            f"SQLite {module.sqlite_version} is too old; BrewSLM needs {'.'.join(map(str, OLDEST_USABLE))}. "
            "Install `pysqlite3`, or a newer Python."
        )
        raise WorkspaceError(message)
    return module


def journal_mode(version: tuple[int, ...]) -> str:
    """Name the journal that this version of SQLite handles without risk; readers wait for writers in `TRUNCATE`."""
    return "WAL" if version >= OLDEST_SAFE_WAL else "TRUNCATE"
