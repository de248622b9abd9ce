"""A ledger that another process keeps locked: requests wait, or are told when to come again; they never break."""

import functools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from brewslm.adapters.sql.sqlite.engine import WAL_BYTES
from brewslm.adapters.sql.storage import open_storage
from brewslm.api.app import create_app
from brewslm.api.guard import allowed_hosts
from brewslm.bootstrap import ledger
from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.house import House
from brewslm.bootstrap.settings import Settings
from tests.unit.adapters.sql.raw import raw

NUM_CLIENTS = 8


@pytest.fixture
def impatient(house: House, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(ledger, "open_storage", functools.partial(open_storage, busy_timeout_seconds=2.0))
    again = open_house(Settings(home=house.settings.home, is_offline=True), actor="api")
    app = create_app(again, hosts=allowed_hosts(8000, host="127.0.0.1"))
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    with raw(database) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def create(client: TestClient, number: int) -> tuple[int, str | None]:
    answer = client.post("/api/projects", json={"name": f"project {number}"})
    return answer.status_code, answer.headers.get("retry-after")


def test_writers_wait_for_a_lock_that_is_let_go(house: House, client: TestClient) -> None:
    begun = threading.Barrier(NUM_CLIENTS + 1)

    def ask(number: int) -> tuple[int, str | None]:
        begun.wait()
        return create(client, number)

    with ThreadPoolExecutor(NUM_CLIENTS) as threads:
        with locked(house.settings.database):
            asked = [threads.submit(ask, number) for number in range(NUM_CLIENTS)]
            begun.wait()
        assert {one.result() for one in asked} == {(201, None)}


def test_a_lock_that_stays_is_answered_with_when_to_come_again(house: House, impatient: TestClient) -> None:
    with locked(house.settings.database), ThreadPoolExecutor(NUM_CLIENTS) as threads:
        answers = set(threads.map(functools.partial(create, impatient), range(NUM_CLIENTS)))
        assert answers == {(503, "5")}
        assert impatient.get("/api/projects").status_code == 200
    assert create(impatient, 1) == (201, None)


def test_the_log_of_writes_is_cut_once_a_long_reader_has_gone(house: House, client: TestClient) -> None:
    log = house.settings.database.with_name("brewslm.db-wal")
    if not log.exists():
        pytest.skip("this SQLite has no write-ahead log")
    with raw(house.settings.database) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM projects").fetchall()
        for number in range(3):
            answer = client.post("/api/projects/1/training/run", json={"prompts": ["x" * 4_000_000]})
            create(client, number)
            assert answer.status_code in {202, 404}
        grown = log.stat().st_size
        reader.execute("ROLLBACK")
    assert grown > WAL_BYTES
    for number in range(3, 6):
        create(client, number)
    assert log.stat().st_size <= WAL_BYTES
