"""The lifecycle on a Slurm of two nodes, by commands and over HTTP: what follows a training is done there as well."""

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import brewslm
from tests.journeys.brew import LONGEST_SECONDS, QUICK, Brew, as_options, write_chat
from tests.journeys.supervised import describe_slurm

TINY = Path(brewslm.__file__).parent / "bundled" / "base_models" / "brewslm-tiny-v1"
ON_SLURM = ("--engine", "slurm")


@pytest.fixture
def brew(tmp_path: Path, slurm: Any) -> Iterator[Brew]:
    """A workspace that knows the cluster, with a dataset."""
    slurm.clear()
    describe_slurm(tmp_path / "home", max_jobs=3)
    brew = Brew(tmp_path / "home", variables=slurm.environment)
    brew.run("project", "create", "--name", "sums")
    brew.run("dataset", "import", "--project", "1", str(write_chat(tmp_path / "sums.jsonl", 300)))
    yield brew
    brew.end_workers()


def on_slurm(brew: Brew, pattern: str) -> list[str]:
    """The run directories that were given to Slurm, and whose attempt ended well there."""
    folders = [path.parent for path in brew.home.glob(f"projects/1/experiments/{pattern}/submission.json")]
    assert all(json.loads((one / "exit.json").read_text())["code"] == 0 for one in folders)
    return [one.name for one in folders]


@pytest.mark.long
def test_train_evaluate_and_export_by_commands(brew: Brew) -> None:
    brew.run(
        "train", "--project", "1", "--autopilot", "--one-click", "--set", "placement.engine=slurm", *as_options(QUICK)
    )
    assert len(on_slurm(brew, "exp-001")) == 1
    (compared,) = on_slurm(brew, "exp-001/evaluate-*")
    again = brew.ask("evaluate", "--project", "1", *ON_SLURM)
    assert again["job"]["status"] == "completed"
    assert len(on_slurm(brew, "exp-001/evaluate-*")) == 2
    assert compared in on_slurm(brew, "exp-001/evaluate-*")
    brew.run("export", "--project", "1", *ON_SLURM)
    assert len(on_slurm(brew, "exp-001/export-*")) == 1
    brew.run("forecast", "--project", "1", *ON_SLURM)
    assert len(on_slurm(brew, "forecast-*")) == 1
    brew.check_books()


@pytest.mark.long
def test_the_candidates_of_a_benchmark_run_side_by_side_over_http(brew: Brew, slurm: Any, tmp_path: Path) -> None:
    names = [str(shutil.copytree(TINY, tmp_path / f"model-{number}")) for number in range(4)]
    brew.run("prepare", "--project", "1")
    most, is_over = [0], threading.Event()

    def look() -> None:
        while not is_over.wait(0.3):
            most.append(len(slurm.asked("squeue", "--noheader", "--states=PENDING,RUNNING").splitlines()))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        with brew.server() as server:
            body = {"models": names, "sample": 20, "probe_steps": 4}
            status, job = server.post("/api/projects/1/benchmarks?engine=slurm", body)
            assert status == 202, job
            ended = server.finish(job["id"])
            assert ended["status"] == "completed", ended["error"]
            probes = server.get(f"/api/jobs?parent_id={job['id']}&kind=probe")["jobs"]
            (made,) = server.get("/api/projects/1/benchmarks")
    finally:
        is_over.set()
        watcher.join(LONGEST_SECONDS)
    assert max(most) == 3
    assert {one["device"] for one in probes} == {"slurm:0", "slurm:1", "slurm:2"}
    candidates = made["benchmark"]["candidates"]
    assert sorted(one["name"] for one in candidates) == names
    assert {one["standing"] for one in candidates} == {"first", "cannot tell"}
    assert len(on_slurm(brew, "probe-*")) == 4
    brew.check_books()


@pytest.mark.long
def test_what_cannot_be_done_there_is_refused_before_it_is_queued(brew: Brew) -> None:
    (brew.home / "config" / "engines.yaml").unlink()
    said = brew.refuse("benchmark", "--project", "1", "--models", "brewslm-tiny-v1", *ON_SLURM)
    assert said.startswith("config/engines.yaml does not describe 'slurm': run `brewslm engines init`")
    assert brew.ask("jobs", "list", "--kind", "benchmark") == []
