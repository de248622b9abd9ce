"""One Chromium for each file of tests, and a real server on a workspace of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chromium import chromium
from tests.browser.window import Window
from tests.journeys.brew import Brew, Server

LONGEST_MS = 60_000
"""No single wait takes longer, on two busy cores."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """It ends with the file: while it lives, its event loop runs in this process, where other tests start theirs."""
    expect.set_options(timeout=LONGEST_MS)
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the server serves: empty at first."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Brew]:
    brew = Brew(tmp_path_factory.mktemp("workspace") / "home", {"BREWSLM_BREW": str(folder)})
    yield brew
    brew.end_workers()


@pytest.fixture(scope="module")
def server(workspace: Brew) -> Iterator[Server]:
    with workspace.server() as running:
        yield running


@pytest.fixture
def window(browser: Browser, server: Server) -> Iterator[Window]:
    """A fresh window on the server; at the end nothing was written to its console that should not be."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(LONGEST_MS)
    page = context.new_page()
    page.goto(server.post("/api/login-addresses", None)[1]["url"])  # where `brewslm open` leads
    window = Window(page, server.url)
    yield window
    context.close()
    assert window.complaints == []
