"""Trainings on a Slurm of two nodes: they make what one process makes, and come through what clusters do to them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.faults import PLACEMENTS, slurm_faults
from tests.journeys.supervised import (
    describe_slurm,
    engine_of,
    has_checkpoint,
    marked,
    once,
    scene_in,
    train,
)
from tests.worker.tiny import curve, records

NODES = PLACEMENTS["slurm"]
LONG = {"batch_size": 6, "total_steps": 150}


@pytest.fixture
def home(tmp_path: Path, slurm: Any) -> Path:
    describe_slurm(tmp_path)
    slurm.clear()
    return tmp_path


def test_two_nodes_make_the_training_of_one_process(home: Path, slurm: Any) -> None:
    scene, engine = scene_in(home), engine_of(home, slurm.environment)
    data = {"batch_size": 6, "total_steps": 8}
    one = train(home / "one", scene.order(data=data), engine)
    two = train(home / "two", scene.order(data=data, placement=NODES), engine)
    for (step, *losses), (other_step, *others) in zip(curve(one.folder), curve(two.folder), strict=True):
        assert step == other_step
        assert losses == pytest.approx(others, abs=2e-5)
    assert (two.attempt, two.result.status) == (1, "completed")
    assert not marked(two.folder)


@pytest.mark.long
@pytest.mark.parametrize("fault", ["rank", "first node", "other node", "link", "shim"])
def test_a_fault_is_recovered_from_and_the_end_is_that_of_an_undisturbed_training(
    home: Path, slurm: Any, fault: str
) -> None:
    scene, engine = scene_in(home), engine_of(home, slurm.environment)
    order = scene.order(data=LONG, placement=NODES)
    whole = train(home / "whole", order, engine)
    broken = train(home / "broken", order, engine, every=slurm_faults(slurm)[fault])
    assert (whole.attempt, broken.attempt) == (1, 2)
    assert broken.weights == whole.weights
    assert curve(broken.folder) == curve(whole.folder)
    assert not marked(broken.folder)


@pytest.mark.long
def test_a_controller_that_is_down_changes_nothing(home: Path, slurm: Any) -> None:
    scene, engine = scene_in(home), engine_of(home, slurm.environment)
    states: list[str] = []
    down = once(has_checkpoint, lambda _folder: slurm.kill_controller())

    def every(folder: Path) -> None:
        down(folder)
        states.append(engine.status(folder).state)

    try:
        trained = train(home / "run", scene.order(data=LONG, placement=NODES), engine, every=every)
    finally:
        slurm.start_controller()
    assert "lost" not in states
    assert (trained.attempt, trained.result.status) == (1, "completed")


@pytest.mark.long
def test_four_experiments_run_at_once(home: Path, slurm: Any) -> None:
    scene, engine = scene_in(home), engine_of(home, slurm.environment)
    order = scene.order(data={"batch_size": 6, "total_steps": 40}, placement={"engine": "slurm"})
    most: list[int] = []

    def look(_folder: Path) -> None:
        most.append(len(slurm.asked("squeue", "--noheader", "--states=RUNNING").splitlines()))

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda number: train(home / f"run-{number}", order, engine, every=look), range(4)))
    assert max(most) == 4
    assert len({trained.weights for trained in found}) == 1


@pytest.mark.long
@pytest.mark.parametrize("order_of", [(2, 1), (1, 2)])
def test_checkpoints_of_two_processes_are_gone_on_with_by_one_and_the_reverse(
    home: Path, slurm: Any, order_of: tuple[int, int]
) -> None:
    from brewslm.core.wire.placement import Placement

    scene, engine = scene_in(home), engine_of(home, slurm.environment)
    order = scene.order(data={"batch_size": 6, "total_steps": 60})
    folder = scene.run_directory("exp-001", order)
    for attempt, num in enumerate(order_of, start=1):
        (folder / "placement.json").write_text(Placement(engine="slurm", num_nodes=num).model_dump_json())
        engine.submit(folder, attempt=attempt)
        while engine.status(folder).is_open:
            if attempt == 1 and has_checkpoint(folder):
                engine.kill(folder)
    assert engine.status(folder).exit_code == 0
    assert records(folder, "started")[-1]["resumed_from_step"]
    steps = [step for step, *_ in curve(folder)]
    assert steps[-1] == 60
