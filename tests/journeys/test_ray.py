"""Trainings on a Ray of two nodes: they make what one process makes, and come through what clusters do to them."""

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.engines.ray_engine import RayEngine
from brewslm.adapters.engines.ray_jobs import RayJobs
from brewslm.core.engines.settings import RaySettings
from brewslm.core.errors import WorkerError
from tests.journeys.faults import PLACEMENTS, ray_faults
from tests.journeys.supervised import describe, engine_of, marked, ranks, scene_in, train
from tests.worker.tiny import curve, records

pytestmark = pytest.mark.long

NODES = PLACEMENTS["ray"]
LONG = {"batch_size": 6, "total_steps": 150}
PATH = "general"
"""Left to itself a worker takes the path that is faster at its start, and the two differ by rounding."""


@pytest.fixture
def home(tmp_path: Path, ray_nodes: Any) -> Path:
    describe(tmp_path, ray={"address": ray_nodes.address})
    return tmp_path


def test_two_nodes_make_the_training_of_one_process(home: Path, ray_nodes: Any) -> None:
    scene, engine = scene_in(home), engine_of(home, ray_nodes.environment)
    data = {"batch_size": 6, "total_steps": 8}
    listened: set[str] = set()

    def look(folder: Path) -> None:
        found = ranks(folder)
        if len(found) == 2:
            listened.update(ray_nodes.listeners(*found.values()))

    one = train(home / "one", scene.order(data=data, step_path=PATH), engine)
    two = train(home / "two", scene.order(data=data, placement=NODES, step_path=PATH), engine, every=look)
    for (step, *losses), (other_step, *others) in zip(curve(one.folder), curve(two.folder), strict=True):
        assert step == other_step
        assert losses == pytest.approx(others, abs=2e-5)
    assert (two.attempt, two.result.status) == (1, "completed")
    assert not marked(two.folder)
    own = {ray_nodes.network.host(number) for number in range(2)}
    assert listened, "no socket of a training was seen"
    assert listened <= own, "the processes of a training listen beyond the network of their cluster"


@pytest.mark.parametrize("fault", ["rank", "node", "link", "driver", "shim", "head"])
def test_a_fault_is_recovered_from_and_the_end_is_that_of_an_undisturbed_training(
    home: Path, ray_nodes: Any, fault: str
) -> None:
    scene, engine = scene_in(home), engine_of(home, ray_nodes.environment)
    order = scene.order(data=LONG, placement=NODES, step_path=PATH)
    whole = train(home / "whole", order, engine)
    broken = train(home / "broken", order, engine, every=ray_faults(ray_nodes)[fault])
    assert (whole.attempt, broken.attempt) == (1, 2)
    assert records(broken.folder, "started")[-1]["resumed_from_step"]
    assert broken.weights == whole.weights
    assert curve(broken.folder) == curve(whole.folder)
    assert not marked(broken.folder)


def test_four_experiments_run_at_once(home: Path, ray_nodes: Any) -> None:
    scene, engine = scene_in(home), engine_of(home, ray_nodes.environment)
    order = scene.order(data={"batch_size": 6, "total_steps": 300}, placement={"engine": "ray"}, step_path=PATH)
    most: list[int] = []

    def look(folder: Path) -> None:
        most.append(sum(bool(ranks(folder.parents[2] / f"run-{n}" / "experiments" / "exp-001")) for n in range(4)))

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda number: train(home / f"run-{number}", order, engine, every=look), range(4)))
    assert max(most) == 4
    assert len({trained.weights for trained in found}) == 1


def test_a_crash_between_storing_and_handing_in_makes_one_job(home: Path, ray_nodes: Any) -> None:
    scene, engine = scene_in(home), engine_of(home, ray_nodes.environment)
    folder = scene.run_directory("exp-001", scene.order(data={"batch_size": 6, "total_steps": 8}))
    (folder / "placement.json").write_text(json.dumps({"engine": "ray"}))
    name = f"brewslm-test-{os.getpid()}"
    (folder / "submission.json").write_text(json.dumps({"attempt": 1, "name": name}))
    engines = [RayEngine(RaySettings(address=ray_nodes.address), environment=ray_nodes.environment) for _ in range(2)]
    threads = [threading.Thread(target=one.status, args=(folder,)) for one in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.submit(folder, attempt=1)
    deadline = time.monotonic() + 90
    while (status := engine.status(folder)).is_open:
        assert time.monotonic() < deadline, status
        time.sleep(0.1)
    jobs = RayJobs(RaySettings(address=ray_nodes.address), ray_nodes.environment)
    mine = [one for one in jobs.listed("/api/jobs/") if (one.get("metadata") or {}).get("run_directory") == str(folder)]
    assert [one["submission_id"] for one in mine] == [name]
    assert (status.state, status.attempt, status.exit_code) == ("ended", 1, 0)


def test_a_job_that_waits_for_room_is_cancelled_at_once(home: Path, ray_nodes: Any) -> None:
    scene, engine = scene_in(home), engine_of(home, ray_nodes.environment)
    folder = scene.run_directory("exp-001", scene.order())
    (folder / "placement.json").write_text(json.dumps({"engine": "ray", "num_nodes": 7}))
    engine.submit(folder, attempt=1)
    deadline = time.monotonic() + 60
    while "no room" not in (status := engine.status(folder)).waits_for:
        assert time.monotonic() < deadline, status
        time.sleep(0.1)
    assert status.state == "waiting"
    engine.cancel(folder, grace_seconds=30)
    assert not engine.status(folder).is_open
    assert not marked(folder)


def test_a_cluster_with_another_token_is_refused_in_one_line(home: Path, ray_nodes: Any) -> None:
    folder = home / "exp-001"
    folder.mkdir()
    wrong = RayEngine(RaySettings(address=ray_nodes.address), environment={"RAY_AUTH_TOKEN": "0" * 64})
    none = RayEngine(RaySettings(address=ray_nodes.address), environment={})
    for engine, words in ((wrong, "does not take the token in RAY_AUTH_TOKEN"), (none, "RAY_AUTH_TOKEN is not set")):
        with pytest.raises(WorkerError, match=words) as caught:
            engine.submit(folder, attempt=1)
        assert "\n" not in str(caught.value)
        assert words in engine.look().problem
    assert not (folder / "submission.json").exists()


def test_a_cluster_of_one_box_listens_on_the_loopback_alone() -> None:
    from brewslm.adapters.engines.exposure import is_loopback
    from tests.fakes.ray_cluster import ray_cluster

    with ray_cluster(num_nodes=1) as cluster:
        addresses = cluster.listeners()
        look = RayEngine(RaySettings(address=cluster.address), environment=cluster.environment).look()
    assert len(addresses) >= 1
    assert all(map(is_loopback, addresses)), addresses
    assert not look.problem
    assert not [fact for fact in look.facts if "beyond this machine" in fact], look.facts
    assert any("guarded by a token" in fact for fact in look.facts)


def test_an_open_cluster_is_refused() -> None:
    from tests.fakes.ray_cluster import ray_cluster

    with ray_cluster(num_nodes=1, token="") as cluster:
        closed = RayEngine(RaySettings(address=cluster.address), environment={}).look()
        allowed = RayEngine(RaySettings(address=cluster.address, allow_without_token=True), environment={}).look()
    assert "lets everyone in" in closed.problem
    assert not allowed.problem
    assert "open to everyone" in allowed.facts
