"""A house in a folder of its own, and a client of it. Jobs are queued and never run: no lane is started."""

import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from brewslm.api.app import create_app
from brewslm.api.guard import allowed_hosts
from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.house import House
from brewslm.bootstrap.settings import Settings
from brewslm.core.artifacts.readiness import Estimate, Readiness, TrainPlan
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.job import Job
from brewslm.core.recipe.recipe import Recipe
from brewslm.services.recording import record_of
from brewslm.stages.preflight.contract import PreflightInputs
from brewslm.stages.train.contract import TrainInputs
from tests.unit.checkpoints import write_checkpoint

MANIFEST = ArtifactId("manifest-1")


@pytest.fixture(scope="session")
def blank_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with tables and nothing in them, made once because migrating takes longer than a test."""
    home = tmp_path_factory.mktemp("blank") / "home"
    open_house(Settings(home=home, is_offline=True), actor="api")
    return home


@pytest.fixture
def house(blank_home: Path, tmp_path: Path) -> House:
    home = Path(shutil.copytree(blank_home, tmp_path / "home"))
    return open_house(Settings(home=home, is_offline=True), actor="api")


@pytest.fixture
def client(house: House) -> TestClient:
    app = create_app(house, hosts=allowed_hosts(8000, host="127.0.0.1"))
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


@pytest.fixture
def training(client: TestClient, house: House) -> Job:
    """A queued training, as a cancelled or running one looks to a fork."""
    project_id = ProjectId(client.post("/api/projects", json={"name": "one"}).json()["id"])
    unknown = Estimate(low=None, expected=None, high=None, unit="bytes", basis="a test")
    recipe = Recipe(base_model="brewslm-tiny-v1")
    plan = TrainPlan(recipe=recipe, sources={}, num_trained_tokens=1, memory=unknown, disk=unknown, time=unknown)
    readiness = Readiness(manifest_id=MANIFEST, base_model=recipe.base_model, verdict="ready", findings=(), plan=plan)
    asked = PreflightInputs(
        manifest_id=MANIFEST, base_model=recipe.base_model, profile="safe", overrides={"seed": 7, "lora.lora_rank": 8}
    )
    planned = house.jobs.submit(project_id, "preflight", asked)
    job = house.jobs.submit(project_id, "train", TrainInputs(readiness_id=readiness.id, manifest_id=MANIFEST))
    now = house.ports.clock.now()
    with house.ports.storage.write() as transaction:
        transaction.artifacts.add(record_of(readiness, planned, parents=(), created_at=now))
        made = transaction.experiments.add(project_id=project_id, job_id=job.id, plan_id=readiness.id, created_at=now)
    run = house.ports.store.project_folder(project_id) / "experiments" / made.folder_name
    for step in (10, 20):
        write_checkpoint(run, step)
    return job
