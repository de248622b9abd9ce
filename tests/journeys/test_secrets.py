"""What is secret in an address stays out of jobs, events, logs, errors and answers (promises E5 and G3)."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.web_server import Exchange, WebServer, serving
from tests.journeys.brew import Brew, Inside, wait_for, write_chat

CANARY = secrets.token_hex(12)
ALLOWED = {"BREWSLM_ALLOW_PRIVATE_SOURCES": "1"}


@pytest.fixture
def brew(tmp_path: Path) -> Brew:
    found = Inside(tmp_path / "home", ALLOWED)
    found.run("project", "create", "--name", "secrets")
    return found


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebServer]:
    rows = write_chat(tmp_path / "rows.jsonl").read_bytes()

    def reply(exchange: Exchange) -> None:
        if exchange.path.startswith("/rows.jsonl"):
            exchange.give_file(rows)
        else:
            exchange.answer(404)

    with serving(reply) as server:
        yield server


def address(web: WebServer, path: str) -> str:
    return f"http://{CANARY}:{CANARY}@127.0.0.1:{web.port}{path}?sig={CANARY}#{CANARY}"


def holding(folder: Path) -> set[str]:
    """The files that hold the canary, in their bytes or their name."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(folder)) for path in files if CANARY.encode() in path.read_bytes() or CANARY in path.name
    }


def test_an_import_uses_the_secret_and_keeps_it_nowhere(brew: Brew, web: WebServer) -> None:
    done = brew.run("dataset", "import", "--project", "1", address(web, "/rows.jsonl"))
    assert f"sig={CANARY}" in web.paths[0], "it was sent"
    assert "Authorization" in web.requests[0][2]
    (job, *_) = brew.ask("jobs", "list")[::-1]
    assert job["payload"]["locator"].startswith("secret:")
    assert job["payload"]["locator"].endswith(f":http://127.0.0.1:{web.port}/rows.jsonl")
    assert CANARY not in done.stdout + done.stderr
    assert holding(brew.home) == set()


@pytest.mark.parametrize(
    "start",
    ["http://{c}:{c}@127.0.0.1:{port}/missing?{c}", "https://{c}:{c}@127.0.0.1:{port}/a?{c}", "ftp://{c}:{c}@h/a", "s3://{c}:{c}@b/a",
     "http://{c}@nobody.invalid/{{?{c}", "http://{c}:{c}@a b/?{c}", "http://{c}@[::1/?{c}", "file://{c}:{c}@h/a",
     "https:/{c}:{c}@127.0.0.1/?{c}"],
)  # fmt: skip
def test_a_failure_tells_no_secret(brew: Brew, web: WebServer, start: str) -> None:
    words = ("dataset", "import", "--project", "1", start.format(c=CANARY, port=web.port))
    debugged = brew.run("--debug", *words, code=1)
    assert CANARY not in debugged.stdout + debugged.stderr
    assert holding(brew.home) == set()


def test_a_killed_job_goes_on_with_its_secret_which_ends_with_it(brew: Brew, web: WebServer, tmp_path: Path) -> None:
    from brewslm.bootstrap.container import open_house
    from brewslm.bootstrap.settings import Settings

    plain = Brew(brew.home, ALLOWED)
    usual, silent = web.reply, []

    def hang(exchange: Exchange) -> None:
        silent.append(exchange)
        wait_for(lambda: web.reply is usual, "the kill")

    web.reply = hang
    command = plain.start("dataset", "import", "--project", "1", address(web, "/rows.jsonl"))
    wait_for(lambda: silent, "the request")
    (kept,) = holding(brew.home)
    assert kept.startswith("secrets/"), "while there is work on it, one file for the user's eyes holds it"
    command.kill()
    command.communicate()
    web.reply = usual
    house = open_house(Settings(home=brew.home, is_private_allowed=True), actor="cli")
    ended: Any = house.runner.run(min(job.id for job in house.jobs.list()))
    assert ended.status == "completed", ended.error
    assert holding(brew.home) == set()
