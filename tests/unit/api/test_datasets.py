"""Rejections, saved mappings and files of artifacts over HTTP."""

import hashlib
import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from brewslm.bootstrap.house import House
from brewslm.core.ids import ProjectId
from brewslm.services.requests import ImportRequest


@pytest.fixture
def dataset(house: House, client: TestClient, tmp_path: Path) -> str:
    assert client.post("/api/projects", json={"name": "p"}).status_code == 201
    rows = [{"prompt": f"p {n}", "completion": f"c {n}"} for n in range(30)] + [{"prompt": "=x"}] * 3
    source = tmp_path / "data.jsonl"
    source.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    job = house.jobs.submit(ProjectId(1), "import", ImportRequest(locator=str(source), min_coverage=0.5))
    house.runner.run(job.id)
    return str(house.jobs.get(job.id).artifact_id)


def test_rejections_are_paged_and_filtered(client: TestClient, dataset: str) -> None:
    url = f"/api/projects/1/datasets/{dataset}/rejections"
    page = client.get(url, params={"limit": 2, "reason": "missing_field"}).json()
    assert (len(page["rows"]), page["next_start"], page["num_rejected"]) == (2, 2, 3)
    assert page["rows"][0]["line"] == 31
    assert client.get(url, params={"contains": "nothing like it"}).json()["rows"] == []
    assert client.get(url, params={"reason": "bad luck"}).status_code == 422
    assert client.get(url.replace("/1/", "/7/")).status_code == 404


@pytest.mark.parametrize(("form", "kind", "num_lines"), [("jsonl", "application/x-ndjson", 3), ("csv", "text/csv", 4)])
def test_rejections_are_downloaded_whole(
    client: TestClient, dataset: str, form: str, kind: str, num_lines: int
) -> None:
    answer = client.get(f"/api/projects/1/datasets/{dataset}/rejections/download", params={"format": form})
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["content-disposition"] == f'attachment; filename="rejections-{dataset}.{form}"'
    assert len(answer.text.splitlines()) == num_lines
    missing = client.get("/api/projects/1/datasets/dataset-0123456789abcdef/rejections/download")
    assert missing.status_code == 404


def test_mended_rows_become_a_job_of_the_stage(house: House, client: TestClient, dataset: str) -> None:
    url = f"/api/projects/1/datasets/{dataset}/repair"
    rows = [{"source_row": 31, "record": {"prompt": "p", "completion": "c"}}]
    answer = client.post(url, json={"rows": rows}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 202
    assert answer.json()["kind"] == "map_commit"
    assert client.post(url, json={"rows": rows}, headers={"Idempotency-Key": "k"}).json()["id"] == answer.json()["id"]
    job = house.runner.run(house.jobs.get(answer.json()["id"]).id) or house.jobs.get(answer.json()["id"])
    made = client.get(f"/api/projects/1/artifacts/{house.jobs.get(job.id).artifact_id}").json()
    assert made["body"]["tally"] == {"total": 33, "accepted": 30, "repaired": 1, "rejected": 2}
    assert client.post(url, json={"rows": []}).status_code == 422
    assert client.post(url, json={"rows": [{"source_row": 31, "record": "nope"}]}).status_code == 400


def test_a_mapping_is_saved_listed_and_shown(house: House, client: TestClient, dataset: str) -> None:
    (preview,) = house.projects.artifacts(ProjectId(1), kind="mapping")
    url = "/api/projects/1/mappings"
    assert client.post(url, json={"name": "m", "mapping_id": preview.id}).json()["version"] == 1
    spec = {"shape": "qa", "columns": {"prompt": "a", "completion": "b"}}
    assert client.post(url, json={"name": "m", "spec": spec}).json()["version"] == 2
    assert [(one["name"], one["version"]) for one in client.get(url).json()] == [("m", 2)]
    assert client.get(f"{url}/m", params={"version": 1}).json()["spec"]["shape"] == "prompt_completion"
    assert client.get(f"{url}/m", params={"version": 3}).status_code == 404
    for body in ({"name": "m"}, {"name": "m", "spec": spec, "mapping_id": preview.id}, {"name": "../m", "spec": spec}):
        assert client.post(url, json=body).status_code == 400


def test_a_file_of_an_artifact_is_downloaded_as_it_was_recorded(house: House, client: TestClient, dataset: str) -> None:
    url = f"/api/projects/1/artifacts/{dataset}"
    ref = client.get(url).json()["body"]["files"][0]
    answer = client.get(f"{url}/files/{ref['path']}")
    assert (answer.status_code, hashlib.sha256(answer.content).hexdigest()) == (200, ref["sha256"])
    assert answer.headers["etag"] == f'"{ref["sha256"]}"'
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"
    part = client.get(f"{url}/files/{ref['path']}", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, answer.content[:4])


def test_only_files_that_the_artifact_names_are_given_out_and_only_whole(
    house: House, client: TestClient, dataset: str
) -> None:
    url = f"/api/projects/1/artifacts/{dataset}"
    path = client.get(url).json()["body"]["files"][0]["path"]
    others = client.get("/api/projects/1/artifacts", params={"kind": "snapshot"}).json()[0]["body"]["files"]
    for other in (others[0]["path"], f"{path}/", f"x/%2e%2e/{path}", "%2e%2e/%2e%2e/brewslm.db"):
        refused = client.get(f"{url}/files/{other}")
        assert refused.status_code == 404, other
    file = house.ports.store.project_folder(ProjectId(1)) / path
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1])
    damaged = client.get(f"{url}/files/{path}")
    assert (damaged.status_code, damaged.json()["error"]["reason"]) == (500, "system_artifact_damaged")
    assert "were recorded" in damaged.json()["error"]["message"]
    file.unlink()
    assert "it is missing" in client.get(f"{url}/files/{path}").json()["error"]["message"]
