"""One device, a server and a terminal: trainings take turns, and a pause costs nothing, not even a bit."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.brew import Brew, as_options, is_worker, wait_for, write_chat

PLAN = {"data.total_steps": 30, "data.batch_size": 4, "monitor.eval_every": 10, "monitor.checkpoint_every": 5}


def records(home: Path, experiment: str) -> list[dict[str, Any]]:
    file = home / "projects" / "1" / "experiments" / experiment / "log.jsonl"
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")]


def losses(home: Path, experiment: str) -> dict[int, float]:
    return {one["step"]: one["loss"] for one in records(home, experiment) if one["kind"] == "log"}


def weights(home: Path, experiment: str) -> bytes:
    folder = next((home / "projects" / "1" / "experiments" / experiment / "checkpoints").glob("step-*30*"))
    return (folder / "adapter" / "adapter_model.safetensors").read_bytes()


@pytest.mark.long
def test_a_paused_training_lets_another_one_through_and_goes_on_bit_for_bit(brew: Brew, tmp_path: Path) -> None:
    brew.run("project", "create", "--name", "sums")
    brew.run("dataset", "import", "--project", "1", str(write_chat(tmp_path / "sums.jsonl", 40)))
    options = [*as_options(PLAN), "--set", "step_path=general", "--set", "monitor.log_every=1"]
    readiness = brew.ask("preflight", "--project", "1", *options)["artifact"]
    inputs = {"readiness_id": readiness["id"], "manifest_id": readiness["body"]["manifest_id"]}
    with brew.server() as server:
        _, first = server.post("/api/projects/1/stages/train", inputs)
        place = f"/api/jobs/{first['id']}"
        terminal = brew.start("train", "--project", "1", "--json")
        second = wait_for(lambda: next(iter(server.get("/api/jobs?status=queued")["jobs"]), None), "the second job")
        reason = wait_for(lambda: server.get(f"/api/jobs/{second['id']}")["waiting_reason"], "a reason to wait")
        assert reason == f"waiting for job {first['id']} on the device"
        assert server.post(f"{place}/pause", None)[0] == 202
        held = wait_for(lambda: (job := server.get(place))["phase"] == "paused" and job, "the pause")
        assert (held["status"], held["device"]) == ("queued", None)
        paused_at = max(losses(brew.home, "exp-001"))
        assert paused_at < PLAN["data.total_steps"]
        wait_for(lambda: records(brew.home, "exp-002"), "the second training to begin")
        server.process.kill()
        server.process.wait(60)

    out, errors = terminal.communicate(timeout=240)
    assert terminal.returncode == 0, errors
    assert json.loads(out)["job"]["id"] == second["id"]
    assert not any(is_worker(attempt) for attempt in brew.attempts())
    assert brew.ask("jobs", "show", str(first["id"]))["job"]["phase"] == "paused", "a restart does not take it up"

    resumed = brew.ask("jobs", "resume", str(first["id"]))["job"]
    assert resumed["status"] == "completed"
    began = [one for one in records(brew.home, "exp-001") if one["kind"] == "started"]
    assert [one["resumed_from_step"] for one in began] == [None, paused_at]
    others = [one["time"] for one in records(brew.home, "exp-002")]
    mine = [one["time"] for one in records(brew.home, "exp-001")]
    assert not [moment for moment in mine if min(others) <= moment <= max(others)], "two trainings on one device"
    assert losses(brew.home, "exp-001") == losses(brew.home, "exp-002")
    assert weights(brew.home, "exp-001") == weights(brew.home, "exp-002")
    reasons = [one["reason"] for one in brew.ask("jobs", "show", str(first["id"]))["events"]]
    assert [one for one in reasons if one != "system_recovered"] == [
        "training_started",
        "training_paused",
        "training_resumed",
        "training_started",
        "training",
    ]
    brew.check_books()
