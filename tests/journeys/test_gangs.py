"""Several processes on this machine make one training, and end together."""

import subprocess
from pathlib import Path

import pytest

from brewslm.core.errors import CancelledError
from tests.journeys.faults import PLACEMENTS, kill_rank, local_faults
from tests.journeys.supervised import engine_of, has_checkpoint, marked, once, ranks, scene_in, train
from tests.worker.tiny import curve

TWO = PLACEMENTS["local"]
LONG = {"batch_size": 6, "total_steps": 60}


def test_two_processes_make_the_training_of_one_and_listen_on_loopback_alone(tmp_path: Path) -> None:
    scene = scene_in(tmp_path)
    seen: list[str] = []

    def look(folder: Path) -> None:
        if len(seen) < 3 and len(ranks(folder)) == 2:
            told = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
            pids = [f"pid={pid}," for pid in ranks(folder).values()]
            seen.extend(line.split()[3] for line in told.splitlines() if any(pid in line for pid in pids))

    data = {"batch_size": 6, "total_steps": 8}
    one = train(tmp_path / "one", scene.order(data=data), engine_of(tmp_path))
    two = train(tmp_path / "two", scene.order(data=data, placement=TWO), engine_of(tmp_path), every=look)
    for (step, *losses), (other_step, *others) in zip(curve(one.folder), curve(two.folder), strict=True):
        assert step == other_step
        assert losses == pytest.approx(others, abs=2e-5)
    assert seen
    assert all(address.startswith(("127.0.0.1:", "[::1]:")) for address in seen), seen
    assert not marked(two.folder)


@pytest.mark.long
@pytest.mark.parametrize(("rank", "parallel"), [(0, "ddp"), (1, "ddp"), (1, "fsdp")])
def test_a_killed_process_ends_all_and_the_training_ends_as_an_undisturbed_one(
    tmp_path: Path, rank: int, parallel: str
) -> None:
    scene = scene_in(tmp_path)
    sharded = {"data_parallel": "fsdp"} if parallel == "fsdp" else {}
    order = scene.order(data=LONG, placement=TWO, **sharded)
    whole = train(tmp_path / "whole", order, engine_of(tmp_path))
    broken = train(tmp_path / "broken", order, engine_of(tmp_path), every=kill_rank(rank))
    assert (whole.attempt, broken.attempt) == (1, 2)
    assert broken.weights == whole.weights
    assert curve(broken.folder) == curve(whole.folder)
    assert not marked(broken.folder)


@pytest.mark.long
def test_a_cancelled_training_leaves_no_process(tmp_path: Path) -> None:
    scene, engine = scene_in(tmp_path), engine_of(tmp_path)
    order = scene.order(data={"batch_size": 6, "total_steps": 5000}, placement=TWO)
    folder = tmp_path / "home" / "experiments" / "exp-001"
    cancel = once(has_checkpoint, lambda run: print(engine.cancel(run, grace_seconds=20)))
    with pytest.raises(CancelledError):
        train(tmp_path / "home", order, engine, every=cancel)
    assert not marked(folder)


@pytest.mark.long
def test_a_killed_shim_ends_all_and_the_training_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    order = scene_in(tmp_path).order(data=LONG, placement=TWO)
    whole = train(tmp_path / "whole", order, engine_of(tmp_path))
    broken = train(tmp_path / "broken", order, engine_of(tmp_path), every=local_faults()["shim"])
    assert (whole.attempt, broken.attempt) == (1, 2)
    assert broken.weights == whole.weights
    assert not marked(broken.folder)
