"""Preflight says whether somebody would hear of trouble, and stops no run for it."""

from pathlib import Path

import pytest

from brewslm.adapters.alerts.config_file import YamlAlertFiles
from brewslm.adapters.alerts.senders import ChannelSenders
from brewslm.core.alerts.facts import MonitoringFacts
from brewslm.core.errors import InvalidRequestError
from brewslm.services.alerts.alerts import Alerts
from brewslm.stages.preflight.monitoring import monitoring
from tests.unit.scene import Scene
from tests.unit.stages.workbench import Workbench

CHANNELS = (
    "channels: {log: {kind: log}, hook: {kind: webhook, url: 'http://127.0.0.1:1/'}, slack: {kind: slack, url_env: U}}"
)


def facts(scene: Scene, home: Path, text: str = "", *, thresholds: str = "") -> MonitoringFacts:
    (home / "config").mkdir(exist_ok=True)
    if text:
        (home / "config" / "alerts.yaml").write_text(text)

    def check() -> None:
        if thresholds:
            raise InvalidRequestError(thresholds)

    senders = ChannelSenders(home, environment={}, proxies={}, is_cut_off=False)
    return Alerts(scene.ports, YamlAlertFiles(home), senders).facts(check)


def test_by_default_alerts_go_to_the_log(scene: Scene, tmp_path: Path) -> None:
    assert facts(scene, tmp_path) == MonitoringFacts(channels=("log",))


def test_channels_that_lack_something_or_were_never_tried_are_named(scene: Scene, tmp_path: Path) -> None:
    found = facts(scene, tmp_path, CHANNELS)
    assert (found.channels, found.untried) == (("log",), ("hook",))
    assert found.problems[0].startswith("channel slack: the environment variable U is not set here")


def test_broken_files_are_problems(scene: Scene, tmp_path: Path) -> None:
    found = facts(scene, tmp_path, "channels: 3", thresholds="memory.share is wrong")
    assert found.problems[0] == "memory.share is wrong"
    assert "channels" in found.problems[1]


@pytest.mark.parametrize(
    ("known", "level", "seen"),
    [
        (MonitoringFacts(channels=("log",)), "ok", "thresholds load; alerts go to log"),
        (MonitoringFacts(), "ok", "thresholds load; alerts go to the bell only"),
        (MonitoringFacts(channels=("log",), untried=("mail",)), "warn", "nothing was sent yet on mail"),
        (MonitoringFacts(problems=("a", "b"), untried=("mail",)), "warn", "a; b"),
    ],
)
def test_the_check_warns_at_most(tmp_path: Path, known: MonitoringFacts, level: str, seen: str) -> None:
    from dataclasses import replace

    found = monitoring(replace(Workbench(tmp_path).context, monitoring=lambda _sends: known))
    assert (found.level, found.seen) == (level, seen)
    assert (level == "ok") is (found.next_step == "")
