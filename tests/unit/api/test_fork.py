"""Forking over HTTP: a training that is in the books, whose worker has left checkpoints."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from brewslm.bootstrap.house import House
from brewslm.core.job import Job
from tests.fakes.ledger import shelve
from tests.unit.api.conftest import MANIFEST


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


def test_the_train_requests_take_a_fork(client: TestClient, house: House, training: Job) -> None:
    shelve(house.ports.storage, training, "readiness-1", "manifest-1")
    fork = {"experiment_id": 1, "step": "last"}
    for path, body in (
        ("stages/train", {"readiness_id": "readiness-1", "manifest_id": "manifest-1", "fork": fork}),
        ("training/run", {"fork": fork}),
    ):
        answer = client.post(f"/api/projects/{training.project_id}/{path}", json=body)
        assert answer.status_code == 202, answer.text
        assert answer.json()["payload"]["fork"] == fork
