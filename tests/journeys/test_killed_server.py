"""A server that ends in mid-training: the worker goes on, and the next server finishes the run."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.journeys.brew import LONG, Brew, has_checkpoint, is_worker, last_step, wait_for, write_chat

STOP_SECONDS = 5.0
NUM_KILLS = 100
HOURLONG = {"data.batch_size": 1, "data.total_steps": 4000, "monitor.eval_every": 1000, "monitor.checkpoint_every": 500}
"""Long enough for so many servers."""


@pytest.mark.parametrize("end", [pytest.param(signal.SIGKILL, marks=pytest.mark.long), signal.SIGTERM])
def test_training_survives_the_end_of_its_server(brew: Brew, tmp_path: Path, end: signal.Signals) -> None:
    brew.run("project", "create", "--name", "sums")
    brew.run("dataset", "import", "--project", "1", str(write_chat(tmp_path / "sums.jsonl")))
    with brew.server() as server:
        launch = {"autopilot": True, "one_click": True, "overrides": LONG}
        _, job = server.post("/api/projects/1/training/run", launch)
        wait_for(lambda: has_checkpoint(brew.home), "the first checkpoint")
        began = time.monotonic()
        server.process.send_signal(end)
        code = server.process.wait(60)
        assert code == (0 if end == signal.SIGTERM else -end)
        assert time.monotonic() - began < STOP_SECONDS

    (attempt,) = brew.attempts()
    assert is_worker(attempt)
    step_at_death = last_step(brew.home)
    wait_for(lambda: last_step(brew.home) > step_at_death, "the worker to go on without a server")

    with brew.server() as server:
        ended = server.finish(job["id"])
        assert ended["status"] == "completed", ended["error"]
        reasons = [event["reason"] for event in server.get(f"/api/jobs/{job['id']}/events")]
        steps = [row["step"] for row in server.get(f"/api/jobs/{job['id'] + 4}/metrics?kind=log")]
    assert "system_recovered" in reasons
    assert "training_recovered" not in reasons  # it was never interrupted
    assert brew.attempts()[0]["attempt"] == 1
    assert steps == sorted(set(steps))
    assert steps[-1] == LONG["data.total_steps"]
    brew.check_books()


@pytest.mark.long
def test_training_survives_a_hundred_servers_that_are_killed_at_random(brew: Brew, tmp_path: Path) -> None:
    seed = int(os.environ.get("BREWSLM_KILL_SEED", random.randrange(2**32)))
    print(f"BREWSLM_KILL_SEED={seed}")
    chance, other = random.Random(seed), Brew(tmp_path / "other")
    for one in (brew, other):
        one.run("project", "create", "--name", "sums")
        one.run("dataset", "import", "--project", "1", str(write_chat(tmp_path / "sums.jsonl")))
    launch = {"autopilot": True, "one_click": True, "overrides": HOURLONG}
    with brew.server() as server:
        _, job = server.post("/api/projects/1/training/run", launch)
        wait_for(lambda: last_step(brew.home) > 0, "the first step")
        server.process.kill()
    for _ in range(NUM_KILLS - 1):
        with brew.server() as server:
            time.sleep(chance.uniform(0.0, 1.0))
            server.process.kill()
    (attempt,) = brew.attempts()
    assert is_worker(attempt)
    assert attempt["attempt"] == 1
    ends = []
    for one in (brew, other):
        with one.server() as server:
            number = job["id"] if one is brew else server.post("/api/projects/1/training/run", launch)[1]["id"]
            while last_step(one.home) < HOURLONG["data.total_steps"]:
                time.sleep(1.0)
            ended = server.finish(number)
            assert ended["status"] == "completed", ended["error"]
            rows = server.get(f"/api/jobs/{number + 4}/metrics")
        assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
        (weights,) = one.home.glob("projects/1/experiments/exp-001/checkpoints/step-004000*/adapter/*.safetensors")
        ends.append((weights.read_bytes(), [row["body"]["loss"] for row in rows if row["kind"] == "log"]))
        one.check_books()
    assert ends[0] == ends[1]
    assert [one["attempt"] for one in brew.attempts()] == [1, 1]
