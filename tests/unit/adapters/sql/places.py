"""The ledger's database by one word: a path, or an address of PostgreSQL."""

from pathlib import Path
from typing import Any

from brewslm.adapters.sql.database import Database
from brewslm.adapters.sql.postgres.database import postgres_at
from brewslm.adapters.sql.sqlite.database import SqliteFile
from brewslm.adapters.sql.storage import BUSY_TIMEOUT_SECONDS, SqlStorage, open_storage, prepared


def database_at(place: str, seconds: float = BUSY_TIMEOUT_SECONDS) -> Database:
    if place.startswith("postgresql:"):
        return postgres_at(place, busy_timeout_seconds=seconds)
    return SqliteFile(Path(place), busy_timeout_seconds=seconds)


def open_at(place: str, seconds: float = BUSY_TIMEOUT_SECONDS) -> SqlStorage:
    """Open it, made or migrated where needed."""
    if place.startswith("postgresql:"):
        return prepared(database_at(place, seconds), seconds)
    return open_storage(Path(place), busy_timeout_seconds=seconds)


def integrity(storage: SqlStorage) -> list[Any]:
    """What the database itself says of its file; PostgreSQL keeps no such question for users."""
    if storage.database.name.startswith("postgresql:"):
        return ["ok"]
    with storage.reading() as connection:
        return list(connection.exec_driver_sql("PRAGMA integrity_check").scalars())
