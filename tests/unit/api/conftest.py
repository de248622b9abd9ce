"""A house in a folder of its own, and a client of it. Jobs are queued and never run: no lane is started."""

import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from brewslm.api.app import create_app
from brewslm.api.guard import allowed_hosts
from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.house import House
from brewslm.bootstrap.settings import Settings


@pytest.fixture(scope="session")
def blank_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with tables and nothing in them, made once because migrating takes longer than a test."""
    home = tmp_path_factory.mktemp("blank") / "home"
    open_house(Settings(home=home, is_offline=True), actor="api")
    return home


@pytest.fixture
def house(blank_home: Path, tmp_path: Path) -> House:
    home = Path(shutil.copytree(blank_home, tmp_path / "home"))
    return open_house(Settings(home=home, is_offline=True), actor="api")


@pytest.fixture
def client(house: House) -> TestClient:
    app = create_app(house, hosts=allowed_hosts(8000, host="127.0.0.1"))
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)
