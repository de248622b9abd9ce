"""What the contract suites share."""

from pathlib import Path

import pytest

from brewslm.adapters.sql.storage import open_storage


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that was made once: migrating costs a tenth of a second, copying nothing."""
    path = tmp_path_factory.mktemp("ledger") / "brewslm.db"
    open_storage(path).close()
    return path
