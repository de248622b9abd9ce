"""Alerts by the true program: secrets stay in the environment, and a killed sender sends again under the same id."""

import json
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.fakes.web_server import Exchange, WebServer, serving
from tests.journeys.brew import Inside

CANARY = secrets.token_hex(12)
FILE = """\
channels:
  hook:
    kind: webhook
    severity: info
    url_env: HOOK_URL
    secret_env: HOOK_KEY
  slack: {kind: slack, severity: info, url_env: SLACK_URL}
  mail: {kind: smtp, severity: info, host: localhost, port: %d, username: me, password_env: MAIL_PASSWORD,
         from: a@example.org, to: [b@example.org], timeout_seconds: 1}
"""


def closed_port() -> int:
    with socket.create_server(("localhost", 0)) as closed:
        return int(closed.getsockname()[1])


def configure(home: Path, text: str) -> None:
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "alerts.yaml").write_text(text)


def test_no_secret_of_a_channel_is_written_or_said(tmp_path: Path) -> None:
    def reply(exchange: Exchange) -> None:
        exchange.answer(500 if exchange.path.startswith("/slack") else 204)

    with serving(reply) as web:
        address = f"http://me:{CANARY}@127.0.0.1:{web.port}"
        environment = {
            "HOOK_URL": f"{address}/hook/{CANARY}?t={CANARY}",
            "HOOK_KEY": CANARY,
            "SLACK_URL": f"{address}/slack/{CANARY}",
            "MAIL_PASSWORD": CANARY,
        }
        brew = Inside(tmp_path / "home", environment)
        configure(brew.home, FILE % closed_port())
        brew.run("project", "create", "--name", "alerts")
        brew.run("dataset", "import", "--project", "1", str(tmp_path / "missing.jsonl"), code=1)
        said = [brew.run("--debug", "alerts", *words, code=code) for words, code in (
            (("send",), 0), (("list", "--json"), 0), (("test",), 1), (("validate",), 0))]  # fmt: skip
        said.append(brew.run("notifications", "list", "--json"))
        said.append(brew.run("events", "--json"))
    assert any(CANARY in path for path in web.paths), "it was sent"
    assert CANARY not in "".join(one.stdout + one.stderr for one in said)
    files = [path for path in brew.home.rglob("*") if path.is_file()]
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []
    states = {one["name"]: one for one in json.loads(said[1].stdout)["channels"]}
    assert states["hook"]["last_error"] is None
    assert states["slack"]["last_error"] == "127.0.0.1 answered 500"
    assert states["mail"]["last_error"].startswith("localhost cannot be used")


SENDER = """
from datetime import timedelta
from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.settings import read_settings
from brewslm.services.alerts import relay
relay.LEASE = timedelta(seconds=0)  # so that the next sender need not wait for it
open_house(read_settings(), actor="cli").alerts.send()
"""


def sender(brew: Inside, web: WebServer) -> subprocess.Popen[bytes]:
    environment = {**brew.environment, "HOOK_URL": web.url("/hook")}
    return subprocess.Popen([sys.executable, "-c", SENDER], env=environment)


def test_a_sender_that_is_killed_before_it_notes_it_sends_again_under_the_same_id(
    tmp_path: Path, ledger: dict[str, str]
) -> None:
    brew = Inside(tmp_path / "home", dict(ledger))
    configure(brew.home, "channels: {hook: {kind: webhook, severity: info, url_env: HOOK_URL}}\n")
    brew.run("project", "create", "--name", "alerts")
    brew.run("dataset", "import", "--project", "1", str(tmp_path / "missing.jsonl"), code=1)
    running: list[subprocess.Popen[bytes]] = []

    def reply(exchange: Exchange) -> None:
        if len(exchange.server.web.requests) == 1:  # it has arrived, and the sender will never know
            running[0].send_signal(signal.SIGKILL)
            running[0].wait()
        exchange.answer(204)

    with serving(reply) as web:
        running.append(sender(brew, web))
        assert running[0].wait() == -signal.SIGKILL
        assert sender(brew, web).wait() == 0
        brew.variables["HOOK_URL"] = web.url("/hook")
        assert brew.ask("alerts", "send") == {"num_sent": 0, "num_waiting": 0}
    ids = [{name.lower(): value for name, value in headers.items()}["webhook-id"] for _, _, headers in web.requests]
    assert len(ids) == 2, "once before the kill, once after it, and never again"
    assert len(set(ids)) == 1
