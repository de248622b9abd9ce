"""Sweeps over HTTP: asked for, compared, cancelled; what cannot be is refused in words, and queues nothing."""

import pytest
from starlette.testclient import TestClient

from brewslm.bootstrap.house import House
from brewslm.core.job import JobStatus
from brewslm.services.preparing import preparation_for
from brewslm.services.requests import ImportRequest

GRID = {"optim.learning_rate": [0.001, 0.003], "lora.lora_rank": [4, 8]}
SWEEPS = "/api/projects/1/sweeps"


@pytest.fixture
def prepared(house: House) -> House:
    """A project with prepared data."""
    project = house.projects.create("sums", base_model="brewslm-tiny-v1")
    imported = house.jobs.submit(project.id, "import", ImportRequest(locator="sample:support-chat-v1"))
    assert house.runner.run(imported.id).status is JobStatus.COMPLETED
    dataset = house.projects.current(project.id, "map_commit")
    assert dataset is not None
    wanted = preparation_for(project, dataset, house.ports.base_models, {})
    assert house.runner.run(house.jobs.submit(project.id, "prepare", wanted).id).status is JobStatus.COMPLETED
    return house


def test_a_sweep_is_asked_for_compared_and_cancelled(client: TestClient, prepared: House) -> None:
    assert client.get(SWEEPS).json() == []
    started = client.post(SWEEPS, json={"grid": GRID, "overrides": {"data.total_steps": 6}}, params={"priority": 3})
    assert started.status_code == 202
    sweep = started.json()
    assert (sweep["name"], sweep["fields"]) == ("sweep-1", list(GRID))
    assert [tuple(run["values"].values()) for run in sweep["runs"]] == [(0.001, 4), (0.001, 8), (0.003, 4), (0.003, 8)]
    jobs = [prepared.jobs.get(run["job_id"]) for run in sweep["runs"]]
    assert {(job.kind, job.priority, str(job.status)) for job in jobs} == {("autopilot", 3, "queued")}
    assert client.get(f"{SWEEPS}/sweep-1").json() == sweep
    assert client.get(SWEEPS).json() == [sweep]
    cancelled = client.post(f"{SWEEPS}/sweep-1/cancel").json()
    assert {run["status"] for run in cancelled["runs"]} == {"cancelled"}


def test_what_cannot_be_swept_is_refused_in_words(client: TestClient, prepared: House) -> None:
    before = prepared.jobs.list()
    unknown = client.post(SWEEPS, json={"grid": {"optim.learning_rat": [1]}})
    assert unknown.status_code == 400
    assert "did you mean optim.learning_rate" in unknown.json()["error"]["message"]
    assert client.post(SWEEPS, json={"grid": {}}).status_code == 422
    twice = client.post(SWEEPS, json={"grid": {"seed": [1, 1]}})
    assert twice.status_code == 422
    assert twice.json()["error"]["message"].startswith("body: seed names a value twice: 1, 1. Correct it and ask again")
    assert client.get(f"{SWEEPS}/nix").status_code == 404
    assert client.post(f"{SWEEPS}/nix/cancel").status_code == 404
    assert client.post("/api/projects/9/sweeps", json={"grid": GRID}).status_code == 404
    assert prepared.jobs.list() == before
