"""A worker killed in mid-training: noticed, resumed from its newest whole checkpoint, and finished."""

import os
import signal
from pathlib import Path

import pytest

from tests.journeys.brew import ENDLESS, LONG, QUICK, Brew, as_options, has_checkpoint, journal, wait_for, write_chat


@pytest.mark.long  # the chaos suite kills workers in every run
def test_a_killed_worker_is_resumed(brew: Brew, tmp_path: Path) -> None:
    brew.run("project", "create", "--name", "sums")
    brew.run("dataset", "import", "--project", "1", str(write_chat(tmp_path / "sums.jsonl")))
    brew.run("preflight", "--project", "1", *as_options(LONG))
    training = brew.start("train", "--project", "1", "--json")
    wait_for(lambda: has_checkpoint(brew.home) or training.poll() is not None, "the first checkpoint")
    (attempt,) = brew.attempts()
    os.kill(attempt["worker_pid"], signal.SIGKILL)

    _, errors = training.communicate(timeout=240)
    assert training.returncode == 0, errors
    assert "was ended by signal 9" in errors
    reasons = brew.reasons()
    assert (
        reasons.index("training_started") < reasons.index("training_worker_lost") < reasons.index("training_recovered")
    )
    assert "training" in reasons[reasons.index("training_recovered") :]
    resumed = [record["resumed_from_step"] for record in journal(brew.home) if record["kind"] == "started"]
    assert resumed[0] is None
    assert resumed[1] % LONG["monitor.checkpoint_every"] == 0
    assert brew.attempts()[0]["attempt"] == 2
    brew.check_books()


@pytest.mark.long
def test_leaving_with_ctrl_c_keeps_the_training_and_watch_takes_it_up(brew: Brew, tmp_path: Path) -> None:
    brew.run("project", "create", "--name", "sums")
    brew.run("dataset", "import", "--project", "1", str(write_chat(tmp_path / "sums.jsonl")))
    brew.run("preflight", "--project", "1", *as_options(LONG))
    training = brew.start("train", "--project", "1")
    wait_for(lambda: has_checkpoint(brew.home) or training.poll() is not None, "the first checkpoint")
    training.send_signal(signal.SIGINT)
    _, errors = training.communicate(timeout=60)
    assert training.returncode == 130, errors
    assert "Traceback" not in errors
    (job,) = (one for one in brew.ask("jobs", "list") if one["kind"] == "train")
    assert f"brewslm jobs watch {job['id']}" in errors
    assert brew.ask("jobs", "watch", str(job["id"]))["job"]["status"] == "completed"
    assert brew.attempts()[0]["attempt"] == 1
    assert "training_recovered" not in brew.reasons()


def test_a_cancelled_training_keeps_its_checkpoint_and_another_begins_from_it(brew: Brew, tmp_path: Path) -> None:
    brew.run("project", "create", "--name", "sums")
    brew.run("dataset", "import", "--project", "1", str(write_chat(tmp_path / "sums.jsonl")))
    brew.run("preflight", "--project", "1", *as_options(ENDLESS))
    training = brew.start("train", "--project", "1")
    wait_for(lambda: has_checkpoint(brew.home) or training.poll() is not None, "the first checkpoint")
    (job,) = brew.ask("jobs", "list", "--status", "running")
    brew.run("jobs", "cancel", str(job["id"]))
    _, errors = training.communicate(timeout=120)
    assert training.returncode == 1
    assert "cancelled" in errors.splitlines()[-1]
    assert brew.ask("jobs", "show", str(job["id"]))["job"]["status"] == "cancelled"
    assert list(brew.home.glob("projects/1/experiments/exp-001/checkpoints/*/MANIFEST.json"))

    line = brew.refuse("train", "--project", "1", "--fork", "1:4999")
    assert line.startswith("exp-001 has no checkpoint of step 4,999; it has those of steps ")
    forked = brew.ask("jobs", "fork", str(job["id"]), "--step", "last", *as_options(QUICK))
    adapter = brew.ask("artifacts", "show", "adapter")["body"]
    assert forked["artifact"]["kind"] == "eval_report"
    assert (adapter["experiment_id"], adapter["total_steps"], adapter["origin"]["experiment_id"]) == (2, 6, 1)
    chain = [one["id"] for one in brew.ask("artifacts", "lineage", "adapter")]
    assert {adapter["readiness_id"], adapter["origin"]["readiness_id"]} <= set(chain)
    notices = (brew.home / "projects/1/experiments/exp-002/log.jsonl").read_text()
    assert f"begins with the weights of exp-001 at step {adapter['origin']['step']:,}." in notices
    queued = brew.ask("train", "--project", "1", "--fork", "2", "--detach")["job"]
    assert queued["payload"]["fork"] == {"experiment_id": 2, "step": "best"}
    brew.check_books()
