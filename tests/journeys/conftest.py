"""A workspace for each journey, cleaned of processes at the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.brew import Brew, Inside


@pytest.fixture
def brew(tmp_path: Path) -> Iterator[Brew]:
    workspace = Brew(tmp_path / "home")
    yield workspace
    workspace.end_workers()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest) -> dict[str, str]:
    """The variables that put a workspace's ledger into either database."""
    if request.param == "sqlite":
        return {}
    return {"BREWSLM_DATABASE_URL": request.getfixturevalue("postgres").ledger()}


@pytest.fixture
def inside(tmp_path: Path) -> Inside:
    return Inside(tmp_path / "home")
