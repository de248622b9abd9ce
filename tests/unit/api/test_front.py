"""The Studio comes before the routes; what asks for data waits for them, and where they cannot load the server ends."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from brewslm.api.front import Front


class Loading:
    """An API whose modules come when they are let in."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.error: Exception | None = None
        self.told: list[str] = []

    def load(self) -> Starlette:
        self.go.wait(60)
        if self.error is not None:
            raise self.error

        @asynccontextmanager
        async def lifespan(_app: Starlette):  # type: ignore[no-untyped-def]
            self.told.append("began")
            yield
            self.told.append("ended")

        def data(_request: Request) -> PlainTextResponse:
            return PlainTextResponse("data")

        return Starlette(routes=[Route("/api/data", data)], lifespan=lifespan)


@pytest.fixture
def loading() -> Iterator[Loading]:
    found = Loading()
    yield found
    found.go.set()


def test_the_page_is_there_before_the_routes_and_data_is_waited_for(loading: Loading) -> None:
    front = Front(loading.load, give_up=lambda: loading.told.append("gave up"))
    with TestClient(front) as client, ThreadPoolExecutor() as pool:
        asked = pool.submit(client.get, "/api/data")
        assert client.get("/").status_code in (200, 503)  # 503 where the Studio is not built
        with pytest.raises(NotYetError):
            asked.result(0.2)
        loading.go.set()
        assert asked.result(60).text == "data"
        assert client.get("/assets/missing.js").status_code == 404
        assert loading.told == ["began"]
    assert loading.told == ["began", "ended"]
    assert front.failure is None


def test_a_server_without_its_routes_ends_with_the_reason(loading: Loading) -> None:
    loading.error = ImportError("no module")
    gave_up = threading.Event()
    front = Front(loading.load, give_up=gave_up.set)
    with TestClient(front) as client, ThreadPoolExecutor() as pool:
        asked = pool.submit(client.get, "/api/data")
        loading.go.set()
        assert gave_up.wait(60)
        assert asked.exception(60) is not None
    assert front.failure is loading.error
