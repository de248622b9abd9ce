"""A ledger on disk, made from a template."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from brewslm.adapters.sql.storage import SqlStorage, open_storage
from tests.unit.adapters.sql.places import open_at


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "brewslm.db"
    open_storage(path).close()
    return path


@pytest.fixture
def database(empty_database: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty_database, tmp_path / "brewslm.db"))


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> str:
    """Where an empty ledger is, in either database."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("database"))
    return str(request.getfixturevalue("postgres").ledger())


@pytest.fixture
def ledger(place: str) -> Iterator[SqlStorage]:
    """That ledger, open."""
    opened = open_at(place)
    yield opened
    opened.close()


@pytest.fixture
def storage(database: Path) -> Iterator[SqlStorage]:
    opened = open_storage(database)
    yield opened
    opened.close()
