"""A web page cannot drive the server (promise G1): a signed-in browser, and a page of every other kind of origin."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.chromium import chromium
from tests.journeys.brew import Brew, Server

HERE = Path(__file__).parent


class Quiet(SimpleHTTPRequestHandler):
    """Serves this folder, and says nothing."""

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture(scope="module")
def evil_port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(HERE))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    brew = Brew(tmp_path_factory.mktemp("browser") / "home")
    with brew.server() as running:
        running.post("/api/projects", {"name": "a project whose name no page may learn"})
        running.post("/api/projects/1/datasets/import", {"locator": "/nowhere"})
        running.finish(1)  # it has failed: to do it again takes a POST without a body, which is what a form can send
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium("--host-resolver-rules=MAP evil.test 127.0.0.1, MAP own.evil.test 127.0.0.1") as running:
        yield running


@pytest.fixture
def signed_in(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    """What the user's browser is like: it holds the cookie of the server."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.post("/api/login-addresses", None)[1]["url"])
    assert page.evaluate("fetch('/api/projects').then((answer) => answer.json())")[0]["id"] == 1
    yield context
    context.close()


def state_of(server: Server) -> list[Any]:
    """Everything that a page could have changed."""
    paths = ("projects", "jobs?limit=1000", "events?after=0&limit=1000", "notifications", "gates", "manifest")
    return [server.get(f"/api/{path}") for path in paths]


@pytest.mark.parametrize("name", ["127.0.0.1", pytest.param("localhost", marks=pytest.mark.long), "evil.test"])
def test_a_page_of_another_origin_changes_nothing_and_reads_nothing(
    signed_in: BrowserContext, server: Server, evil_port: int, name: str
) -> None:
    before = state_of(server)
    page = signed_in.new_page()
    page.goto(f"http://{name}:{evil_port}/attack.html?target={server.url}")
    outcome = page.evaluate("window.outcome")
    assert len(outcome["seen"]) > 40
    assert outcome["read"] == [], outcome["seen"]
    assert state_of(server) == before, outcome["seen"]


@pytest.mark.parametrize("name", ["evil.test", pytest.param("own.evil.test", marks=pytest.mark.long)])
def test_a_name_that_is_bound_to_this_machine_later_opens_nothing(
    signed_in: BrowserContext, server: Server, name: str
) -> None:
    """DNS rebinding: the browser takes the server for a part of the evil site."""
    before = state_of(server)
    page = signed_in.new_page()
    answer = page.goto(f"{server.url.replace('127.0.0.1', name)}/")
    assert answer is not None
    assert answer.status == 421
    seen = page.evaluate(
        """async () => {
            const ask = (path, options) => fetch(path, options).then((answer) => answer.status, () => 0);
            const headers = { "Content-Type": "application/json" };
            const project = { method: "POST", body: '{"name": "made by a name"}', headers };
            const train = { method: "POST" };
            return [await ask("/api/projects"), await ask("/api/projects", project), await ask("/api/train", train)];
        }"""
    )
    assert set(seen) <= {0, 421}
    assert state_of(server) == before


def test_the_own_page_follows_a_stream_with_its_cookie_alone(signed_in: BrowserContext, server: Server) -> None:
    page = signed_in.new_page()
    page.goto(f"{server.url}/")
    seen = page.evaluate(
        """() => new Promise((done) => {
            const stream = new EventSource("/api/events?after=0");
            stream.onerror = () => done("refused");
            for (const name of ["run.event", "job.created", "job.queued", "job.completed", "run.project"])
                stream.addEventListener(name, (frame) => done(name));
            stream.onopen = () => setTimeout(() => done("open"), 500);
        })"""
    )
    assert seen != "refused"
    cookies = signed_in.cookies()
    assert [(one["name"], one["httpOnly"], one["sameSite"]) for one in cookies] == [
        (f"brewslm-{server.url.rpartition(':')[2]}", True, "Strict")
    ]


def test_a_browser_that_is_not_signed_in_reads_no_data(browser: Browser, server: Server) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/")
    assert page.evaluate("fetch('/api/projects').then((answer) => answer.status)") == 401
    context.close()
