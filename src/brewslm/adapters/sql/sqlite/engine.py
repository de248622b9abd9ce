"""Connections: one pool that writes, one that cannot. Every transaction begins by an explicit statement."""

import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from brewslm.adapters.sql.database import Use
from brewslm.adapters.sql.sqlite.driver import journal_mode, load_driver

WAL_BYTES = 4 << 20
"""What the write-ahead log keeps on disk once its content is in the database; SQLite's own pace makes it as large."""


def make_engine(database_path: Path, *, use: Use, busy_timeout_seconds: float) -> Engine:
    """Return an engine for the file; nothing is opened yet.

    The driver's own handling of transactions is switched off (`isolation_level=None`), because it begins too late and
    commits around DDL. A writer takes the write lock at its start, so that what it reads stays true.
    """
    driver = load_driver()
    engine = create_engine(
        URL.create("sqlite", database=str(database_path)),
        module=driver,
        connect_args={"isolation_level": None, "timeout": busy_timeout_seconds},
        max_overflow=-1,
    )
    pragmas = [
        f"PRAGMA busy_timeout = {round(busy_timeout_seconds * 1000)}",
        "PRAGMA foreign_keys = ON",
        "PRAGMA synchronous = FULL",
        f"PRAGMA journal_size_limit = {WAL_BYTES}",
    ]
    if use == "read":
        pragmas.append("PRAGMA query_only = ON")
    journal = journal_mode(driver.sqlite_version_info)
    begin = "BEGIN IMMEDIATE" if use == "write" else "BEGIN"

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DB-API connection has no type
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        if use == "write":
            _set_journal(cursor, journal, driver.OperationalError, busy_timeout_seconds)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _set_journal(cursor: Any, journal: str, busy: type[Exception], timeout_seconds: float) -> None:  # noqa: ANN401
    """Choose the journal. SQLite does not wait by itself here when another process is opening the same new file."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            cursor.execute(f"PRAGMA journal_mode = {journal}")
        except busy as error:
            if getattr(error, "sqlite_errorname", "") != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
