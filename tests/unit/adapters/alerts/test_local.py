"""A file of lines, and the desktop: text stays text there, too."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from brewslm.adapters.alerts import local
from brewslm.adapters.alerts.senders import ChannelSenders
from brewslm.core.alerts.channels import AlertConfig
from brewslm.core.alerts.line import one_line
from brewslm.core.alerts.message import AlertMessage
from brewslm.core.errors import AlertError, ChannelUnusableError
from brewslm.core.ports.alerts import AlertSender

HOSTILE = '--help; $(touch x) "quoted" <b>bold</b>\nforged\x1b[2J'
MESSAGE = AlertMessage(
    id="c" * 32,
    kind="notification",
    severity="warning",
    title="-T",
    line=one_line(HOSTILE),
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
)


def sender(home: Path, kind: str, environment: dict[str, str] | None = None) -> AlertSender:
    config = AlertConfig.model_validate({"channels": {"c": {"kind": kind}}})
    senders = ChannelSenders(home, environment=environment or {}, proxies={}, is_cut_off=True)
    return senders.open(config.channels["c"])


def test_each_message_is_one_line_that_can_be_read_again(tmp_path: Path) -> None:
    for _ in range(2):
        sender(tmp_path, "log").send(MESSAGE, seconds=1)
    path = tmp_path / "logs" / "alerts.log"
    lines = path.read_text().splitlines()
    assert len(lines) == 2
    assert json.loads(lines[0])["text"] == one_line(HOSTILE)
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_file_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_MAX_BYTES", 1000)
    for _ in range(20):
        sender(tmp_path, "log").send(MESSAGE, seconds=1)
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "logs").iterdir()}
    assert set(sizes) == {"alerts.log", "alerts.log.1"}
    assert max(sizes.values()) < 1500


def test_a_file_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    with pytest.raises(AlertError, match="cannot be written"):
        sender(tmp_path, "log").send(MESSAGE, seconds=1)


def program(folder: Path, script: str) -> dict[str, str]:
    folder.mkdir()
    path = folder / "notify-send"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return {"PATH": f"{folder}:/bin:/usr/bin", "DISPLAY": ":9", "OUT": str(folder / "out")}


def test_the_desktop_gets_arguments_and_no_markup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    environment = program(tmp_path / "bin", 'for word in "$@"; do printf "%s\\n" "$word" >> "$OUT"; done')
    sender(tmp_path, "desktop", environment).send(MESSAGE, seconds=5)
    words = (tmp_path / "bin" / "out").read_text().splitlines()
    assert words[:4] == ["--app-name=BrewSLM", "--urgency=normal", "--", "[warning] -T"]
    assert words[4:] == ['--help; $(touch x) "quoted" &lt;b&gt;bold&lt;/b&gt; forged\\x1b[2J']


@pytest.mark.parametrize(("script", "words"), [("exit 3", "code 3"), ("exec sleep 20", "did not end within")])
def test_a_desktop_that_does_not_work_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(AlertError, match=words):
        sender(tmp_path, "desktop", program(tmp_path / "bin", script)).send(MESSAGE, seconds=0.5)


def test_without_a_desktop_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    environment = program(tmp_path / "bin", "exit 0")
    with pytest.raises(ChannelUnusableError, match="no desktop here"):
        sender(tmp_path, "desktop", {**environment, "DISPLAY": ""})
    with pytest.raises(ChannelUnusableError, match="notify-send is not installed"):
        sender(tmp_path, "desktop", {"PATH": str(tmp_path), "DISPLAY": ":9"})
