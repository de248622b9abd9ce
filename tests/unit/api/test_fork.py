"""Forking over HTTP: a training that is in the books, whose worker has left checkpoints."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from brewslm.bootstrap.house import House
from brewslm.core.artifacts.readiness import Estimate, Readiness, TrainPlan
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.job import Job
from brewslm.core.recipe.recipe import Recipe
from brewslm.services.recording import record_of
from brewslm.stages.preflight.contract import PreflightInputs
from brewslm.stages.train.contract import TrainInputs
from tests.unit.checkpoints import write_checkpoint

MANIFEST = ArtifactId("manifest-1")


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


def test_a_fork_is_queued_with_the_data_and_wishes_of_its_training_and_the_changes(
    client: TestClient, training: Job
) -> None:
    headers = {"Idempotency-Key": "once"}
    body = {"step": 10, "overrides": {"seed": 8}}
    answer = client.post(f"/api/jobs/{training.id}/fork", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    queued = answer.json()
    assert answer.headers["location"] == f"/api/jobs/{queued['id']}"
    assert (queued["kind"], queued["status"]) == ("autopilot", "queued")
    wanted: dict[str, Any] = {
        "manifest_id": MANIFEST,
        "profile": "safe",
        "overrides": {"seed": 8, "lora.lora_rank": 8},
        "fork": {"experiment_id": 1, "step": 10},
    }
    assert {name: queued["payload"][name] for name in wanted} == wanted
    assert client.post(f"/api/jobs/{training.id}/fork", json=body, headers=headers).json()["id"] == queued["id"]


def test_by_itself_it_is_the_best(client: TestClient, training: Job) -> None:
    assert client.post(f"/api/jobs/{training.id}/fork", json={}).json()["payload"]["fork"]["step"] == "best"


@pytest.mark.parametrize("body", [{"step": 0}, {"step": "newest"}, {"steps": 3}, {"overrides": {"seed": [1]}}])
def test_what_is_no_fork_is_refused(client: TestClient, training: Job, body: dict[str, Any]) -> None:
    assert client.post(f"/api/jobs/{training.id}/fork", json=body).status_code == 422


def test_what_cannot_be_forked_is_refused_before_anything_is_queued(
    client: TestClient, house: House, training: Job
) -> None:
    missing = client.post(f"/api/jobs/{training.id}/fork", json={"step": 15})
    assert missing.status_code == 404
    assert "it has those of steps 10, 20" in missing.json()["error"]["message"]
    assert client.post("/api/jobs/99/fork", json={}).status_code == 404
    planned = next(job for job in house.jobs.list() if job.kind == "preflight")
    nothing = client.post(f"/api/jobs/{planned.id}/fork", json={})
    assert (nothing.status_code, nothing.json()["error"]["reason"]) == (409, "system_conflict")
    for fork in ({"experiment_id": 1, "step": 15}, {"experiment_id": 9, "step": "last"}):
        refused = client.post(f"/api/projects/{training.project_id}/training/run", json={"fork": fork})
        assert (refused.status_code, refused.json()["error"]["reason"]) == (404, "system_not_found")
    assert len(house.jobs.list()) == 2


def test_the_train_requests_take_a_fork(client: TestClient, training: Job) -> None:
    fork = {"experiment_id": 1, "step": "last"}
    for path, body in (
        ("stages/train", {"readiness_id": "readiness-1", "manifest_id": "manifest-1", "fork": fork}),
        ("training/run", {"fork": fork}),
    ):
        answer = client.post(f"/api/projects/{training.project_id}/{path}", json=body)
        assert answer.status_code == 202, answer.text
        assert answer.json()["payload"]["fork"] == fork
