"""One Chromium for all tests of a process, and a real server on a workspace of its own."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.window import Window
from tests.journeys.brew import Brew, Server

CHROMIUM = os.environ.get("BREWSLM_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.fail("there is no Chromium. Next: `apt-get install chromium`, or name one in BREWSLM_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


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
def window(chromium: Browser, server: Server) -> Iterator[Window]:
    """A fresh window on the server; at the end nothing was written to its console that should not be."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(60_000)
    window = Window(context.new_page(), server.url)
    yield window
    context.close()
    assert window.complaints == []
