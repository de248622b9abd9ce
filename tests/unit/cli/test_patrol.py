"""`brewslm patrol`: its exit codes are the verdict, and a patrol that fell silent is told by whatever comes next."""

import json
import os
from pathlib import Path

import pytest

from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.settings import Settings
from brewslm.cli.main import main
from brewslm.core.ids import JobId
from brewslm.services.jobs.claim import take
from brewslm.services.requests import AutopilotRequest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BREWSLM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    return int(left.value.code or 0)


def test_where_nothing_trains_all_is_well(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("patrol", "--once", "--json") == 0
    walked = json.loads(capsys.readouterr().out)
    assert (walked["verdict"], walked["trainings"]) == ("ok", [])


@pytest.mark.parametrize("words", [[], ["--once", "--daemon"], ["--daemon", "--next-within", "5"], ["--nonsense"]])
def test_what_it_cannot_do_is_unknown(home: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("patrol", *words) == 3
    assert capsys.readouterr().err.startswith("error: ")


def test_a_training_that_nobody_stands_beside_is_critical_and_shown(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = open_house(Settings(home=home), actor="cli")
    project = house.projects.create("one")
    job = house.jobs.submit(project.id, "train", AutopilotRequest())
    here = house.ports.clock.now()
    with house.ports.storage.write() as transaction:
        take(transaction, job, owner=f"{os.uname().nodename}|another start|1|0.00", now=here)
        transaction.experiments.add(project_id=project.id, job_id=JobId(job.id), plan_id="p", created_at=here)  # type: ignore[arg-type]
    taken_up = []
    monkeypatch.setattr("brewslm.cli.background.start", lambda job, _logs: taken_up.append(job.id))
    assert run("patrol", "--once") == 2
    shown = " ".join(capsys.readouterr().out.split())
    assert "Job 1: critical, no step yet" in shown
    assert "its worker is absent, and nobody stands beside it" in shown
    assert taken_up == [job.id]
    assert (home / "logs" / "agent_health.yaml").read_text().startswith("---\nat: ")


def test_a_timer_that_misses_its_round_is_told_by_the_next_command_and_is_an_event_once(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("patrol", "--once", "--next-within", "45")
    assert run("jobs", "list") == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("brewslm.adapters.system.clock.boot_id", lambda: "the next start of the machine")
    for _ in range(2):
        assert run("jobs", "list") == 0
        assert "the patrol-timer gave no sign of life since" in capsys.readouterr().err
    run("events", "--json")
    reasons = [event["reason"] for event in json.loads(capsys.readouterr().out)]
    assert reasons.count("monitoring_watcher_lost") == 1


def test_the_hint_has_lines_for_cron_and_systemd(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("patrol", "--install-hint") == 0
    hint = capsys.readouterr().out
    assert "*/30 * * * *  /" in hint
    assert "OnCalendar=*:0/30" in hint
