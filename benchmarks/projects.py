"""Projects with subsets of real data, and trainings of the bundled base model in this process."""

import csv
import json
import os
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.house import House
from brewslm.bootstrap.settings import read_settings
from brewslm.core.artifacts.base import Artifact
from brewslm.core.artifacts.manifest import Manifest, SplitShares
from brewslm.core.data.example import Shape
from brewslm.core.ids import ProjectId
from brewslm.core.job import Job, JobKind
from brewslm.core.project import BUNDLED_BASE_MODEL
from brewslm.core.value import Value
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.result import TrainResult
from brewslm.core.wire.rundir import LOG_FILE
from brewslm.services.forecasting.forecast import forecast_flow
from brewslm.services.importing import import_flow
from brewslm.services.preparing import preparation_for
from brewslm.services.requests import ImportRequest
from brewslm.services.runner import Runner
from brewslm.services.shelf import ProjectShelf
from brewslm.services.stage_runs import StageRuns
from tests.fakes.engine import FakeEngine

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Real data beside a checkout; it is no part of the project."""
SAMPLES = Path(__file__).resolve().parents[1] / "src" / "brewslm" / "bundled" / "samples"

Row = dict[str, Any]


def _json_lines(path: Path) -> list[Row]:
    """Read the lines that are JSON; a bundled sample has some that are meant to be rejected."""
    found = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        with suppress(json.JSONDecodeError):
            found.append(json.loads(line))
    return [row for row in found if isinstance(row, dict)]


def _banking(folder: Path) -> list[Row]:
    with (folder / "banking77" / "train.csv").open(encoding="utf-8", newline="") as stream:
        return [{"text": row["text"], "label": row["category"]} for row in csv.DictReader(stream)]


READERS: dict[str, Callable[[Path], list[Row]]] = {
    "banking77": _banking,
    "gsm8k": lambda folder: _json_lines(folder / "gsm8k" / "train.jsonl"),
    "alpaca": lambda folder: json.loads((folder / "chat" / "alpaca_en_demo.json").read_text(encoding="utf-8")),
    "support-chat-v1": lambda _folder: _json_lines(SAMPLES / "support-chat-v1" / "data.jsonl"),
}


def subset(name: str, count: int, *, seed: int, data: Path = DATA) -> list[Row]:
    """Draw rows of a data set; subsets of odd and of even seeds share none."""
    rows = READERS[name](data)
    half = [row for index, row in enumerate(rows) if index % 2 == seed % 2]
    return random.Random(seed).sample(half, min(count, len(half)))


@dataclass(frozen=True)
class Workspace:
    """A house in a folder of its own, whose workers work in this process: each would load the libraries anew."""

    house: House
    runner: Runner

    def project(self, name: str, rows: Sequence[Row], *, base_model: str = BUNDLED_BASE_MODEL) -> ProjectId:
        """Create a project and import rows into it."""
        project = self.house.projects.create(name, base_model=base_model)
        path = self.house.settings.home / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        shape: Shape | None = "classification" if "label" in rows[0] else None
        self.do(project.id, "import", ImportRequest(locator=str(path), as_shape=shape))
        return project.id

    def prepare(self, project_id: ProjectId, *, shares: SplitShares | None = None) -> Manifest:
        """Prepare the newest dataset."""
        projects = self.house.projects
        dataset_id = projects.current(project_id, "clean", "map_commit")
        assert dataset_id is not None
        choices = {"shares": shares}
        wanted = preparation_for(projects.get(project_id), dataset_id, self.house.ports.base_models, choices)
        made = self.product(project_id, self.do(project_id, "prepare", wanted), Manifest)
        assert isinstance(made, Manifest)
        return made

    def do(self, project_id: ProjectId, kind: JobKind, request: Value) -> Job:
        """Do a job, and return it completed."""
        job = self.runner.run(self.house.jobs.submit(project_id, kind, request).id)
        assert str(job.status) == "completed", f"{kind}: {job.error}"
        return job

    def shelf(self, project_id: ProjectId) -> ProjectShelf:
        """The project's artifacts."""
        return ProjectShelf(self.house.ports.storage, self.house.ports.store, project_id)

    def product(self, project_id: ProjectId, job: Job, model: type[Artifact]) -> Artifact:
        """What a job made."""
        assert job.artifact_id is not None
        return self.shelf(project_id).read(model, job.artifact_id)


def workspace(folder: Path) -> Workspace:
    """Open a workspace in `folder`, cut off from the network."""
    settings = read_settings({**os.environ, "BREWSLM_HOME": str(folder), "BREWSLM_OFFLINE": "1"})
    house = open_house(settings, actor="benchmark")
    ports = replace(house.ports, engine=FakeEngine(_work))
    flows = {"import": import_flow, "forecast": forecast_flow}
    runner = Runner(
        ports,
        StageRuns(ports, entries={}),
        flows,
        owner="benchmark",
        is_owner_gone=lambda _owner: False,
        actor="benchmark",
    )
    return Workspace(house, runner)


def _work(directory: Path, attempt: int) -> int:
    """Do an order on one thread, as the worker's command does."""
    from brewslm.worker.__main__ import leave_result, read_order
    from brewslm.worker.dispatch import execute
    from brewslm.worker.journal import Journal
    from brewslm.worker.run import Run

    os.environ["OMP_NUM_THREADS"] = "1"
    run = Run(directory, attempt, Journal(directory / LOG_FILE, attempt=attempt))
    result = execute(read_order(directory), run)
    assert result is not None
    leave_result(result, run)
    return 0


def train_here(order: TrainOrder, folder: Path) -> TrainResult:
    """Train in this process, on one thread."""
    import torch

    from brewslm.worker.journal import Journal
    from brewslm.worker.models import quiet_libraries
    from brewslm.worker.run import Run
    from brewslm.worker.train.loop import train

    torch.set_num_threads(1)
    quiet_libraries()
    folder.mkdir(parents=True)
    result = train(order, Run(folder, 1, Journal(folder / LOG_FILE, attempt=1)))
    assert result is not None
    return result
