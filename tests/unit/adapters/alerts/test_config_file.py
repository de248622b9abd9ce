"""The file of channels: strict, every mistake at once with its line, and no secret repeated."""

import re
from datetime import time
from pathlib import Path

import pytest

import brewslm
from brewslm.adapters.alerts.config_file import YamlAlertFiles
from brewslm.core.alerts.channels import AlertConfig
from brewslm.core.errors import ConflictError, InvalidRequestError

SHIPPED = Path(brewslm.__file__).parent / "bundled" / "config" / "alerts.yaml"


def read(home: Path, text: str) -> AlertConfig:
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "alerts.yaml").write_text(text)
    return YamlAlertFiles(home).read().config


def test_without_a_file_the_log_is_written(tmp_path: Path) -> None:
    setup = YamlAlertFiles(tmp_path).read()
    assert setup.source == "default"
    assert [(name, one.kind) for name, one in setup.config.channels.items()] == [("log", "log")]


def test_every_example_of_the_shipped_file_is_valid(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^  # ( *(?:\w+:|- ))", r"  \1", SHIPPED.read_text())
    kinds = {one.kind for one in read(tmp_path, text).channels.values()}
    assert kinds == {"log", "desktop", "smtp", "webhook", "slack", "discord"}


def test_a_file_is_begun_once(tmp_path: Path) -> None:
    files = YamlAlertFiles(tmp_path)
    path = files.begin()
    assert path.read_bytes() == SHIPPED.read_bytes()
    assert files.read().source == str(path)
    with pytest.raises(ConflictError, match="there already"):
        files.begin()


def test_a_change_is_seen(tmp_path: Path) -> None:
    files = YamlAlertFiles(tmp_path)
    files.begin()
    assert len(files.read().config.channels) == 1
    (tmp_path / "config" / "alerts.yaml").write_text("channels: {}\n")
    assert files.read().config.channels == {}


MISTAKES = """\
channels:
  one:
    kind: slack
    url_env: https://hooks.example/CANARY
  Two:
    kind: log
  three:
    kind: smtp
    host: h
    password: CANARY
    from: a@example.org
    to: []
  four:
    kind: pigeon
  five: {severity: loud}
  six:
    kind: webhook
    url: https://me:CANARY@example.org/
    reasons: [training_*, trainign_oom]
    quiet_hours: nights
  six:
    kind: log
others: {}
"""


def test_every_mistake_is_told_at_once_with_its_line_and_without_what_was_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read(tmp_path, MISTAKES.replace("  six:\n    kind: log\n", ""))
    said = str(caught.value)
    for words in (
        "line 4: channels.one.url_env: must be the name of an environment variable",
        "line 5: channels.Two: a name is",
        "line 10: channels.three.password: there is no such setting",
        "line 12: channels.three.to",
        "line 14: channels.four.kind: must be log, desktop, smtp, webhook, slack or discord",
        "line 15: channels.five: needs a kind",
        "line 18: channels.six.url: holds a login or a query",
        "line 19: channels.six.reasons: there is no such reason: trainign_oom",
        "line 20: channels.six.quiet_hours: must be two times such as 22:00-07:00",
        "line 21: others: there is no such setting",
    ):
        assert words in said, said
    assert "CANARY" not in said


def test_a_channel_that_stands_there_twice_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r"line 5: channels\.a stands there twice"):
        read(tmp_path, "channels:\n  a:\n    kind: log\n\n  a:\n    kind: desktop\n")


@pytest.mark.parametrize(
    "text",
    ["- a\n", "channels: 3\n", "channels: {a: {kind: smtp, host: h, security: none, username: u, from: a, to: [b]}}"],
)
def test_other_shapes_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidRequestError, match="line 1"):
        read(tmp_path, text)


@pytest.mark.parametrize("text", ["channels: [", "a: b: c", "!!python/object/apply:os.system ['true']", "\x00"])
def test_what_is_no_plain_yaml_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidRequestError, match="Correct it"):
        read(tmp_path, text)


def test_quiet_hours_may_reach_over_midnight() -> None:
    said = {
        "channels": {
            "a": {"kind": "log", "quiet_hours": "22:00-07:00"},
            "b": {"kind": "log", "quiet_hours": "09:00-17:30"},
        }
    }
    night, day = AlertConfig.model_validate(said).channels.values()
    for hour, quiet_night, quiet_day in ((23, 1, 0), (3, 1, 0), (7, 0, 0), (12, 0, 1), (22, 1, 0)):
        assert (night.floor_at(time(hour)) == "critical") is bool(quiet_night)
        assert (day.floor_at(time(hour)) == "critical") is bool(quiet_day)
