"""Jobs under control over HTTP: what was done comes back as the job, what cannot be is one line."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from brewslm.bootstrap.house import House
from brewslm.services.requests import ImportRequest
from tests.fakes.ledger import shelve

TRAIN = {"readiness_id": "readiness-1", "manifest_id": "manifest-1"}


@pytest.fixture
def job(client: TestClient, house: House) -> dict[str, Any]:
    project = house.projects.create("sums", base_model="brewslm-tiny-v1")
    maker = house.jobs.submit(project.id, "import", ImportRequest(locator="/data.csv"))
    shelve(house.ports.storage, maker, *TRAIN.values())
    answer = client.post("/api/projects/1/stages/train?priority=3", json=TRAIN)
    assert answer.status_code == 202, answer.text
    return answer.json()


def test_a_training_is_paused_resumed_cancelled_and_retried(client: TestClient, job: dict[str, Any]) -> None:
    place = f"/api/jobs/{job['id']}"
    paused = client.post(f"{place}/pause")
    assert (paused.status_code, paused.json()["phase"], paused.json()["status"]) == (202, "paused", "queued")
    assert client.post(f"{place}/pause").status_code == 409
    assert client.post(f"{place}/resume").json()["phase"] == "queued"
    assert client.post(f"{place}/retry").status_code == 409
    assert client.post(f"{place}/cancel").json()["status"] == "cancelled"
    retry = client.post(f"{place}/retry")
    assert (retry.status_code, retry.json()["retry_of"], retry.json()["priority"]) == (202, job["id"], 3)
    assert client.post(f"{place}/retry").json()["id"] == retry.json()["id"]
    reasons = [one["reason"] for one in client.get(f"{place}/events").json()]
    assert reasons == ["training_paused", "training_resumed", "training_cancelled"]


def test_a_priority_is_given_and_changed(client: TestClient, job: dict[str, Any]) -> None:
    assert job["priority"] == 3
    assert client.patch(f"/api/jobs/{job['id']}", json={"priority": 7}).json()["priority"] == 7
    assert client.patch(f"/api/jobs/{job['id']}", json={"priority": 5000}).status_code == 422
    assert client.patch("/api/jobs/404", json={"priority": 1}).status_code == 404


def test_who_asks_nothing_gets_no_answer(client: TestClient, job: dict[str, Any]) -> None:
    refused = client.post(f"/api/jobs/{job['id']}/recovery", json={"accept": True})
    assert refused.status_code == 409
    assert "asks nothing" in refused.text
