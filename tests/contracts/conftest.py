"""What the contract suites share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from brewslm.adapters.sql.storage import open_storage
from brewslm.core.ports.storage import Storage
from tests.fakes.postgres import Cluster
from tests.fakes.storage import MemoryStorage


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that was made once: migrating costs a tenth of a second, copying nothing."""
    path = tmp_path_factory.mktemp("ledger") / "brewslm.db"
    open_storage(path).close()
    return path


@pytest.fixture(scope="session")
def postgres_storage(postgres: Cluster) -> Iterator[Storage]:
    """Open for all tests, because a connection costs more than a test."""
    opened = postgres.open(postgres.ledger())
    yield opened
    opened.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, empty_database: Path) -> Iterator[Storage]:
    """An empty ledger of each kind."""
    if request.param == "memory":
        yield MemoryStorage()
        return
    if request.param == "postgresql":
        request.getfixturevalue("postgres").ledger()
        yield request.getfixturevalue("postgres_storage")
        return
    opened = open_storage(shutil.copy(empty_database, tmp_path / "brewslm.db"))
    yield opened
    opened.close()
