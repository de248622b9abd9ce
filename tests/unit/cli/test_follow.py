"""Watching a step: who does its flow meanwhile stays to the end of that."""

import io
import threading
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from brewslm.cli.progress.follow import work
from brewslm.core.job import JobStatus
from tests.unit.scene import Scene, answering
from tests.unit.services.test_flows import flow_over, steps_of
from tests.unit.stages.train.test_stage import Teacher


def test_a_step_that_is_watched_takes_its_whole_flow_to_the_end(tmp_path: Path) -> None:
    teach, lives = answering(Teacher()), [0]

    def play(directory: Path, attempt: int) -> int | None:
        lives[0] += 1
        if lives[0] == 1:
            raise KeyboardInterrupt
        return teach(directory, attempt)

    scene = Scene(tmp_path, play)
    manifest = scene.manifest()
    flow = scene.queue("autopilot")
    with pytest.raises(KeyboardInterrupt):
        scene.runner(flow_over(manifest)).run(flow.id)
    step = steps_of(scene, flow)[-1]
    assert (step.kind, step.status) == ("train", JobStatus.RUNNING)
    scene.engine.kill(scene.folder / "experiments" / "exp-001")
    looks, seen = [0], threading.Event()

    def look() -> None:
        looks[0] += scene.job(step.id).status.is_final
        if looks[0] > 1:  # who leaves with the step looks once more, and no more
            seen.set()

    late = flow_over(manifest, at_end=lambda _run: seen.wait(20))
    runner = scene.runner(late, owner="next", gone=lambda _owner: True)
    house: Any = SimpleNamespace(jobs=scene.jobs, runner=runner, alerts=SimpleNamespace(served=nullcontext))
    assert work(house, Console(file=io.StringIO()), step.id, look).status is JobStatus.COMPLETED
    assert scene.job(flow.id).status is JobStatus.COMPLETED
