"""A hand that goes around the ledger: plain SQL on the file."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brewslm.adapters.sql.sqlite.driver import load_driver


@contextlib.contextmanager
def raw(database: Path, *, has_triggers: bool = True) -> Iterator[Any]:
    """Open the file with plain SQL; `has_triggers=False` drops the guards first."""
    connection = load_driver().connect(str(database), isolation_level=None)
    try:
        if not has_triggers:
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
        yield connection
    finally:
        connection.close()
