"""A server that ends in mid-training: the worker goes on, and the next server finishes the run."""

import signal
import time
from pathlib import Path

import pytest

from tests.journeys.brew import LONG, Brew, has_checkpoint, is_worker, last_step, wait_for, write_chat

STOP_SECONDS = 5.0


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
