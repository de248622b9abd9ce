"""Engines over HTTP: what there is, what a cluster answers, and work that is given to one."""

import json

import pytest
from starlette.testclient import TestClient

from brewslm.bootstrap.house import House


@pytest.fixture
def described(house: House) -> House:
    """A workspace that describes a Slurm whose commands are not here."""
    folder = house.settings.home / "config"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "engines.yaml").write_text(json.dumps({"slurm": {"max_jobs": 3}}))
    house.projects.create("sums", base_model="brewslm-tiny-v1")
    return house


def test_engines_are_listed_with_their_lines(client: TestClient, described: House) -> None:
    del described
    asked = {"models": ["brewslm-tiny-v1"]}
    job = client.post("/api/projects/1/benchmarks?engine=slurm", json=asked)
    assert (job.status_code, job.json()["device"]) == (202, "slurm")
    assert client.post("/api/projects/1/benchmarks", json=asked).json()["device"] is None
    found = {one["name"]: one for one in client.get("/api/engines").json()}
    assert {name: (one["num_slots"], one["num_waiting"]) for name, one in found.items()} == {
        "local": (found["local"]["num_slots"], 1),
        "slurm": (3, 1),
    }


def test_a_cluster_is_asked_and_its_answer_told(
    client: TestClient, described: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    del described
    monkeypatch.setenv("PATH", "/nowhere")
    (look,) = client.post("/api/engines/check").json()
    assert look["name"] == "slurm"
    assert "sbatch" in look["problem"]
    assert client.post("/api/engines/check?name=ray").json()[0]["problem"].startswith("config/engines.yaml does not")
    assert client.post("/api/engines/check?name=mars").status_code == 422


def test_an_engine_that_is_not_there_is_refused_before_anything_is_queued(client: TestClient, house: House) -> None:
    house.projects.create("sums", base_model="brewslm-tiny-v1")
    for path, body in (("benchmarks", {"models": ["x"]}), ("evaluation", {}), ("forecasts", {})):
        refused = client.post(f"/api/projects/1/{path}?engine=slurm", json=body)
        assert refused.status_code == 400, path
        assert "does not describe 'slurm'" in refused.json()["error"]["message"]
    assert house.jobs.list() == ()
