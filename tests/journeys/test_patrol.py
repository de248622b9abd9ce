"""Nobody has to sit beside a training: a round that a timer starts finds what was left alone, and takes it up."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.journeys.brew import LONG, Brew, as_options, has_checkpoint, wait_for, write_chat

pytestmark = pytest.mark.long


def test_a_training_whose_processes_were_all_killed_is_taken_up_by_the_next_round(
    brew: Brew, ledger: dict[str, str], tmp_path: Path
) -> None:
    brew.variables |= ledger
    brew.run("project", "create", "--name", "sums")
    brew.run("dataset", "import", "--project", "1", str(write_chat(tmp_path / "sums.jsonl")))
    command = brew.start("train", "--project", "1", "--autopilot", "--one-click", *as_options(LONG))
    wait_for(lambda: has_checkpoint(brew.home), "the first checkpoint")
    assert brew.ask("patrol", "--once")["verdict"] == "ok"
    command.kill()
    command.wait()
    os.kill(brew.attempts()[0]["worker_pid"], signal.SIGKILL)
    walked = brew.ask("patrol", "--once", "--next-within", "45", code=2)
    (training,) = walked["trainings"]
    assert training["action"] == "a process that takes its work up again was started"
    flow = brew.ask("jobs", "list")[0]
    wait_for(lambda: brew.ask("jobs", "show", str(flow["id"]))["job"]["status"] == "completed", "the flow to end")
    reasons = brew.reasons()
    for reason in ("monitoring_alert", "monitoring_patrol", "system_recovered", "training_recovered"):
        assert reason in reasons
    assert "monitoring_watcher_lost" not in reasons
    assert brew.ask("patrol", "--once")["verdict"] == "ok"
    brew.check_books()
    assert json.loads((brew.attempts()[0]["folder"] / "recovery.json").read_text())["measures"][0]["cause"] == "lost"
