"""The lifecycle on clusters of two nodes, by commands and over HTTP: what follows a training is done there as well."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import brewslm
from tests.journeys.brew import QUICK, Brew, as_options, write_chat
from tests.journeys.supervised import describe

pytestmark = pytest.mark.long

TINY = Path(brewslm.__file__).parent / "bundled" / "base_models" / "brewslm-tiny-v1"


@dataclass
class Cluster:
    """A cluster, and the workspace that knows it."""

    name: str
    brew: Brew

    @property
    def option(self) -> tuple[str, str]:
        return "--engine", self.name

    def done(self, pattern: str) -> list[str]:
        """The run directories that were given to it, and whose attempt ended well there."""
        folders = [path.parent for path in self.brew.home.glob(f"projects/1/experiments/{pattern}/submission.json")]
        assert all(json.loads((one / "exit.json").read_text())["code"] == 0 for one in folders)
        return [one.name for one in folders]


@pytest.fixture(params=["slurm", "ray"])
def cluster(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A cluster of two nodes, known to a workspace with a dataset."""
    home = tmp_path / "home"
    if request.param == "slurm":
        slurm = request.getfixturevalue("slurm")
        slurm.clear()
        describe(home, slurm={"max_jobs": 3})
        variables = slurm.environment
    else:
        ray = request.getfixturevalue("ray_nodes")
        describe(home, ray={"address": ray.address, "max_jobs": 3})
        variables = ray.environment
    brew = Brew(home, variables=variables)
    brew.run("project", "create", "--name", "sums")
    brew.run("dataset", "import", "--project", "1", str(write_chat(tmp_path / "sums.jsonl", 300)))
    yield Cluster(request.param, brew)
    brew.end_workers()


def test_train_evaluate_and_export_by_commands(cluster: Cluster) -> None:
    brew = cluster.brew
    plan = ("--set", f"placement.engine={cluster.name}", *as_options(QUICK))
    brew.run("train", "--project", "1", "--autopilot", "--one-click", *plan)
    assert len(cluster.done("exp-001")) == 1
    (compared,) = cluster.done("exp-001/evaluate-*")
    brew.run("evaluate", "--project", "1", *cluster.option)
    assert len(cluster.done("exp-001/evaluate-*")) == 2
    assert compared in cluster.done("exp-001/evaluate-*")
    brew.run("export", "--project", "1", *cluster.option)
    assert len(cluster.done("exp-001/export-*")) == 1
    brew.run("forecast", "--project", "1", *cluster.option)
    assert len(cluster.done("forecast-*")) == 1
    brew.check_books()


def test_the_candidates_of_a_benchmark_run_side_by_side_over_http(cluster: Cluster, tmp_path: Path) -> None:
    brew, names = cluster.brew, [str(shutil.copytree(TINY, tmp_path / f"model-{number}")) for number in range(4)]
    brew.run("prepare", "--project", "1")
    with brew.server() as server:
        body = {"models": names, "sample": 20, "probe_steps": 4}
        status, job = server.post(f"/api/projects/1/benchmarks?engine={cluster.name}", body)
        assert status == 202, job
        ended = server.finish(job["id"])
        assert ended["status"] == "completed", ended["error"]
        probes = server.get(f"/api/jobs?parent_id={job['id']}&kind=probe")["jobs"]
        (made,) = server.get("/api/projects/1/benchmarks")
    assert {one["device"] for one in probes} == {f"{cluster.name}:{number}" for number in range(3)}
    assert most_at_once(brew, "probe-*") == 3
    candidates = made["benchmark"]["candidates"]
    assert sorted(one["name"] for one in candidates) == names
    assert {one["standing"] for one in candidates} == {"first", "cannot tell"}
    assert len(cluster.done("probe-*")) == 4
    brew.check_books()


def most_at_once(brew: Brew, pattern: str) -> int:
    """How many were on the cluster at one moment, from handing in to their end, by their files."""
    spans = [
        ((one / "submission.json").stat().st_mtime, (one / "exit.json").stat().st_mtime)
        for one in brew.home.glob(f"projects/1/experiments/{pattern}")
    ]
    return max(sum(start <= moment < end for start, end in spans) for moment, _ in spans)


def test_what_cannot_be_done_there_is_refused_before_it_is_queued(tmp_path: Path) -> None:
    brew = Brew(tmp_path / "home")
    brew.run("project", "create", "--name", "sums")
    brew.run("dataset", "import", "--project", "1", str(write_chat(tmp_path / "sums.jsonl")))
    said = brew.refuse("benchmark", "--project", "1", "--models", "brewslm-tiny-v1", "--engine", "slurm")
    assert said.startswith("config/engines.yaml does not describe 'slurm': run `brewslm engines init`")
    assert [one["kind"] for one in brew.ask("jobs", "list")] == ["import"]


def test_the_trainings_of_a_sweep_run_side_by_side(cluster: Cluster) -> None:
    brew = cluster.brew
    plan = ("--set", f"placement.engine={cluster.name}", *as_options(QUICK))
    sweep = brew.ask("sweep", "run", "--project", "1", "--grid", "optim.learning_rate=1e-4,5e-4,1e-3,5e-3", *plan)
    assert [run["status"] for run in sweep["runs"]] == ["completed"] * 4
    assert sweep["runs"][0]["values"] == {"optim.learning_rate": 0.005}
    assert len(cluster.done("exp-*")) == 4
    assert most_at_once(brew, "exp-*") == 3
    brew.check_books()
