"""Every route, over a real house whose jobs are queued and not run."""

import csv
import io
import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from brewslm.bootstrap.house import House
from brewslm.core.events.reasons import TAXONOMY
from brewslm.core.ids import ArtifactId, JobId, ProjectId
from brewslm.core.outcome.approval import StageGate
from brewslm.lifecycle import LIFECYCLE
from tests.fakes.ledger import shelve

ARTIFACT = "snapshot-0123456789abcdef"
BODIES: dict[str, dict[str, Any]] = {
    "ingest": {"locator": "/data.csv"},
    "introspect": {"snapshot_id": ARTIFACT},
    "map_dry_run": {"snapshot_id": ARTIFACT, "schema_id": "schema-1"},
    "map_commit": {"snapshot_id": ARTIFACT, "mapping_id": "mapping-1"},
    "clean": {"dataset_id": "dataset-1"},
    "prepare": {"dataset_id": "dataset-1", "base_model": "brewslm-tiny-v1"},
    "preflight": {"manifest_id": "manifest-1", "base_model": "brewslm-tiny-v1"},
    "train": {"readiness_id": "readiness-1", "manifest_id": "manifest-1"},
    "evaluate": {"adapter_id": "adapter-1", "manifest_id": "manifest-1"},
    "export": {"adapter_id": "adapter-1", "eval_report_id": "eval_report-1"},
    "deploy": {"bundle_id": "bundle-1"},
}
WORK = {
    "/api/projects/{project_id}/datasets/import": {"locator": "sample:general-chat-v1"},
    "/api/projects/{project_id}/training/run": {"autopilot": True, "one_click": True},
    "/api/projects/{project_id}/evaluation": {},
    "/api/projects/{project_id}/goldens": {"from_split": "test", "purpose": "dev"},
    "/api/projects/{project_id}/reviews": {"limit": 5},
    "/api/projects/{project_id}/optimize": {"target": "mobile_iphone15"},
    "/api/projects/{project_id}/benchmarks": {"models": ["brewslm-tiny-v1"]},
    "/api/projects/{project_id}/forecasts": {"probe_steps": 0},
    **{f"/api/projects/{{project_id}}/stages/{name}": body for name, body in BODIES.items()},
}
READ = {
    "/api/health": 200,
    "/api/openapi.json": 200,
    "/api/stages": 200,
    "/api/reasons": 200,
    "/api/samples": 200,
    "/api/projects": 200,
    "/api/projects/{project_id}": 200,
    "/api/projects/{project_id}/events": 200,
    "/api/projects/{project_id}/stages": 200,
    "/api/projects/{project_id}/experiments": 200,
    "/api/projects/{project_id}/releases": 200,
    "/api/projects/{project_id}/endpoint": 200,
    "/api/projects/{project_id}/endpoint/requests": 200,
    "/api/projects/{project_id}/keys": 200,
    "/api/projects/{project_id}/drift": 200,
    "/api/projects/{project_id}/artifacts": 200,
    "/api/projects/{project_id}/benchmarks": 200,
    "/api/projects/{project_id}/forecasts": 200,
    "/api/projects/{project_id}/forecasts/calibration": 200,
    "/api/projects/{project_id}/failures": 404,
    "/api/projects/{project_id}/promotion": 404,
    "/api/projects/{project_id}/backlog": 200,
    "/api/eval-packs": 200,
    "/api/eval-packs/{name}": 404,
    "/api/projects/{project_id}/data-health": 404,
    "/api/projects/{project_id}/datasets/{dataset_id}/rejections": 404,
    "/api/projects/{project_id}/datasets/{dataset_id}/rejections/download": 404,
    "/api/projects/{project_id}/mappings": 200,
    "/api/projects/{project_id}/mappings/{name}": 404,
    "/api/projects/{project_id}/rows/{source_row}": 404,
    "/api/projects/{project_id}/artifacts/{artifact_id}": 404,
    "/api/projects/{project_id}/artifacts/{artifact_id}/lineage": 404,
    "/api/projects/{project_id}/artifacts/{artifact_id}/files/{path}": 404,
    "/api/projects/{project_id}/artifacts/{artifact_id}/tables": 404,
    "/api/projects/{project_id}/artifacts/{artifact_id}/tables/{table}": 404,
    "/api/projects/{project_id}/manifests": 200,
    "/api/projects/{project_id}/manifests/{artifact_id}/xray/{split}/{index}": 404,
    "/api/jobs": 200,
    "/api/jobs/{job_id}": 200,
    "/api/jobs/active": 200,
    "/api/jobs/outlooks?job_id={job_id}": 200,
    "/api/machine": 200,
    "/api/thresholds": 200,
    "/api/recipe/fields": 200,
    "/api/jobs/{job_id}/artifacts": 200,
    "/api/jobs/{job_id}/events": 200,
    "/api/jobs/{job_id}/metrics": 200,
    "/api/jobs/{job_id}/log": 404,
    "/api/jobs/{job_id}/health": 404,
    "/api/jobs/{job_id}/results": 404,
    "/api/jobs/{job_id}/curves.svg": 404,
    "/api/jobs/{job_id}/curves.png": 404,
    "/api/gates": 200,
    "/api/gates/{gate_id}": 404,
    "/api/projects/{project_id}/gates": 200,
    "/api/jobs/{job_id}/watch": 200,
    "/api/events": 200,
    "/api/events/export": 200,
    "/api/audit/verify": 200,
    "/api/projects/{project_id}/checkpoints": 200,
    "/api/timeline": 200,
    "/api/failures": 200,
    "/api/jobs/{job_id}/timeline": 200,
    "/api/support-bundles/{key}": 404,
}


@pytest.fixture
def project(client: TestClient) -> int:
    return int(client.post("/api/projects", json={"name": "one"}).json()["id"])


@pytest.fixture
def job(client: TestClient, project: int) -> int:
    return int(client.post(f"/api/projects/{project}/datasets/import", json={"locator": "/data.csv"}).json()["id"])


def at(path: str, *, project: int = 1, job: int = 1) -> str:
    names = {
        "artifact_id": ARTIFACT,
        "dataset_id": ARTIFACT,
        "table": "rows",
        "path": "x",
        "source_row": 0,
        "name": "faq",
        "gate_id": 1,
        "key": "k" * 43,
    }
    return path.format(project_id=project, job_id=job, split="train", index=0, **names)


def test_every_route_has_a_test_here(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    tested = {("GET", path.partition("?")[0]) for path in READ if path != "/api/openapi.json"}
    tested |= {("POST", path) for path in WORK} | {("POST", "/api/projects"), ("POST", "/api/jobs/{job_id}/cancel")}
    # In test_records.py, and in test_fork.py, where there is a training.
    tested |= {("POST", "/api/support-bundles"), ("POST", "/api/jobs/{job_id}/fork")}
    tested |= {("POST", "/api/projects/{project_id}/manifests/{artifact_id}/activate")}
    sweeps = "/api/projects/{project_id}/sweeps"  # in test_sweeps.py
    tested |= {("GET", sweeps), ("POST", sweeps), ("GET", f"{sweeps}/{{name}}"), ("POST", f"{sweeps}/{{name}}/cancel")}
    # These are tested in test_engines.py, and in test_datasets.py, where there is a dataset to mend.
    tested |= {("GET", "/api/engines"), ("POST", "/api/engines/check")} | {
        ("POST", f"/api/projects/{{project_id}}/{path}") for path in ("mappings", "datasets/{dataset_id}/repair")
    }
    tested |= {("POST", "/api/projects/{project_id}/cleaning/preview"), ("POST", "/api/login-addresses")}
    tested |= {("POST", f"/api/gates/{{gate_id}}/{verb}") for verb in ("approve", "reject")}
    tested |= {("PUT", "/api/projects/{project_id}/gates/{stage}")}
    controls = ("pause", "resume", "retry", "recovery")  # in test_job_control.py
    tested |= {("PATCH", "/api/jobs/{job_id}")} | {("POST", f"/api/jobs/{{job_id}}/{name}") for name in controls}
    tested |= {("POST", f"/api/{path}") for path in ("eval-packs", "eval-packs/check")}
    # These are tested in test_backlog.py.
    entry = "/api/projects/{project_id}/backlog"
    tested |= {("POST", f"{entry}/{path}") for path in ("look", "{number}/take", "{number}/close", "{number}/reopen")}
    tested |= {("GET", f"{entry}/{{number}}"), ("POST", "/api/projects/{project_id}/pairs")}
    # These are tested in test_endpoints.py.
    decisions = ("promote", "reject", "retire", "canary")
    tested |= {("POST", f"/api/projects/{{project_id}}/releases/{{version}}/{name}") for name in decisions}
    tested |= {("POST", f"/api/projects/{{project_id}}/{name}") for name in ("rollback", "keys", "drift/check")}
    tested |= {("DELETE", "/api/projects/{project_id}/keys/{key_id}")}
    # These are tested in test_notifications.py.
    tested |= {("GET", f"/api/{path}") for path in ("notifications", "notifications/unread-count", "alerts")}
    tested |= {("POST", "/api/notifications/read"), ("POST", "/api/alerts/test")}
    # These are tested in test_brew.py, and where browsers are let in.
    tested |= {
        ("GET", "/api/manifest"),
        ("GET", "/api/train/output"),
        ("POST", "/api/train"),
        ("POST", "/api/train/stop"),
    }
    uploads = {(method, "/api/uploads/{upload_id}") for method in ("HEAD", "GET", "PATCH", "DELETE")}
    uploads |= {("OPTIONS", "/api/uploads"), ("POST", "/api/uploads")}  # in test_uploads.py
    assert described == tested | uploads


@pytest.mark.parametrize(("path", "expected"), READ.items())
def test_what_can_be_read(client: TestClient, project: int, job: int, path: str, expected: int) -> None:
    answer = client.get(at(path, project=project, job=job))
    assert answer.status_code == expected, answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    if expected != 200:
        assert set(answer.json()["error"]) == {"reason", "message", "findings"}


@pytest.mark.parametrize(("path", "body"), WORK.items())
def test_work_is_queued_and_says_where_to_look(
    client: TestClient, house: House, project: int, job: int, path: str, body: dict[str, Any]
) -> None:
    named = [value for name, value in body.items() if name.endswith("_id")]
    shelve(house.ports.storage, house.jobs.get(JobId(job)), *named)
    answer = client.post(at(path, project=project), json=body)
    assert answer.status_code == 202, answer.text
    queued = answer.json()
    assert queued["status"] == "queued"
    assert answer.headers["location"] == f"/api/jobs/{queued['id']}"
    assert client.get(answer.headers["location"]).json() == queued


@pytest.mark.parametrize(("path", "body"), WORK.items())
def test_work_for_an_unknown_project_is_not_found(client: TestClient, path: str, body: dict[str, Any]) -> None:
    answer = client.post(at(path, project=99), json=body)
    assert answer.status_code == 404
    assert answer.json()["error"]["reason"] == "system_not_found"


@pytest.mark.parametrize("path", WORK)
def test_unknown_fields_are_refused_and_never_ignored(client: TestClient, project: int, path: str) -> None:
    answer = client.post(at(path, project=project), json={**WORK[path], "learning_rte": 1})
    assert answer.status_code == 422
    assert "learning_rte" in answer.json()["error"]["message"]


def test_all_problems_are_told_at_once(client: TestClient, project: int) -> None:
    body = {"autopilot": False, "profile": "fast", "max_seq_len": 1}
    error = client.post(f"/api/projects/{project}/training/run", json=body).json()["error"]
    assert error["reason"] == "system_request_invalid"
    assert {one["check"] for one in error["findings"]} == {"body.autopilot", "body.profile", "body.max_seq_len"}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"x"', b"null", b"\xff\xfe", b'{"locator": "\\ud800"}'])
def test_bodies_that_are_no_request_are_refused(client: TestClient, project: int, content: bytes) -> None:
    answer = client.post(
        f"/api/projects/{project}/datasets/import", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in {400, 422}
    assert "error" in answer.json()


@pytest.mark.parametrize("project_id", ["0", "-1", "x", "1.5", str(2**70), "%2e%2e", "1%2f..", "\uff11"])
def test_ids_that_are_none_are_refused(client: TestClient, project_id: str) -> None:
    answer = client.get(f"/api/projects/{project_id}")
    assert answer.status_code in {404, 422}
    assert "error" in answer.json()


@pytest.mark.parametrize("artifact", ["%2e%2e", "%2e%2e%2fetc", "snapshot-XYZ", "a" * 100, f"{ARTIFACT}%00"])
def test_names_of_artifacts_never_become_paths(client: TestClient, project: int, artifact: str) -> None:
    assert client.get(f"/api/projects/{project}/artifacts/{artifact}").status_code in {404, 422}


def test_the_same_key_gives_the_same_job(client: TestClient, project: int) -> None:
    path, headers = f"/api/projects/{project}/datasets/import", {"Idempotency-Key": "abc"}
    first = client.post(path, json={"locator": "/a.csv"}, headers=headers)
    again = client.post(path, json={"locator": "/a.csv"}, headers=headers)
    other = client.post(path, json={"locator": "/b.csv"}, headers=headers)
    elsewhere = client.post(f"/api/projects/{project}/evaluation", json={}, headers=headers)
    assert first.json()["id"] == again.json()["id"]
    assert (again.status_code, other.status_code, elsewhere.status_code) == (202, 409, 409)
    assert other.json()["error"]["reason"] == "system_conflict"
    assert len(client.get("/api/jobs").json()["jobs"]) == 1


def test_a_client_cannot_take_the_key_of_a_flows_step(client: TestClient, project: int, house: House) -> None:
    headers = {"Idempotency-Key": "flow:1:ingest"}
    queued = client.post(f"/api/projects/{project}/stages/ingest", json={"locator": "/a.csv"}, headers=headers).json()
    assert house.jobs.get(JobId(queued["id"])).idempotency_key == "client:flow:1:ingest"


@pytest.mark.parametrize("key", ["", "x" * 201, "a b", "a\tb"])
def test_odd_keys_are_refused(client: TestClient, project: int, key: str) -> None:
    answer = client.post(f"/api/projects/{project}/evaluation", json={}, headers={"Idempotency-Key": key})
    assert answer.status_code == 422


def test_jobs_page_by_key_and_filter(client: TestClient, project: int) -> None:
    for number in range(5):
        client.post(f"/api/projects/{project}/datasets/import", json={"locator": f"/{number}.csv"})
    first = client.get("/api/jobs", params={"limit": 2}).json()
    rest = client.get("/api/jobs", params={"before_id": first["next_before_id"]}).json()
    seen = [job["id"] for job in first["jobs"] + rest["jobs"]]
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 5
    assert rest["next_before_id"] is None
    assert client.get("/api/jobs", params={"status": ["running", "failed"]}).json()["jobs"] == []
    assert len(client.get("/api/jobs", params={"project_id": project, "status": "queued"}).json()["jobs"]) == 5


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "before_id=0", "status=done", "project_id=x", "limit=1e3"])
def test_odd_questions_are_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/api/jobs?{query}").status_code == 422


def test_cancelling_a_queued_job_ends_it_and_a_second_time_is_a_conflict(client: TestClient, job: int) -> None:
    answer = client.post(f"/api/jobs/{job}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    again = client.post(f"/api/jobs/{job}/cancel")
    assert (again.status_code, again.json()["error"]["reason"]) == (409, "system_conflict")
    assert client.get(f"/api/jobs/{job}/events").json()[-1]["reason"] == "training_cancelled"


def test_a_project_is_created_once(client: TestClient) -> None:
    answer = client.post("/api/projects", json={"name": "mine", "template": "support"})
    assert (answer.status_code, answer.headers["location"]) == (201, "/api/projects/1")
    assert client.post("/api/projects", json={"name": "mine"}).status_code == 409
    assert client.post("/api/projects", json={"name": "bad\x1b[31m"}).status_code == 400
    assert client.post("/api/projects", json={"name": "other", "base_model": "no/such-model"}).status_code == 422
    assert [one["name"] for one in client.get("/api/projects").json()] == ["mine"]


def test_stages_come_from_the_lifecycle_with_the_schema_of_their_inputs(client: TestClient) -> None:
    rows = client.get("/api/stages").json()
    assert [row["name"] for row in rows] == [stage.name for stage in LIFECYCLE]
    assert [row["number"] for row in rows] == list(range(1, 12))
    for row, stage in zip(rows, LIFECYCLE, strict=True):
        assert set(row["inputs"]["properties"]) == set(stage.inputs.model_fields)


def test_reasons_and_samples_are_all_there(client: TestClient) -> None:
    assert {row["reason"] for row in client.get("/api/reasons").json()} == {str(reason) for reason in TAXONOMY}
    assert "general-chat-v1" in {row["name"] for row in client.get("/api/samples").json()}


def test_events_are_paged_by_number(client: TestClient, project: int, job: int) -> None:
    client.post(f"/api/jobs/{job}/cancel")
    newest = client.get("/api/events").json()
    after = client.get("/api/events", params={"after": newest[0]["seq"]}).json()
    assert [one["seq"] for one in after] == [one["seq"] for one in newest[1:]]
    of_run = client.get("/api/events", params={"run_id": newest[0]["run_id"]}).json()
    assert [one["reason"] for one in of_run] == ["project_created"]
    assert client.get("/api/events", params={"project_id": 99}).status_code == 404
    first = client.get("/api/events", params={"before": newest[1]["seq"]}).json()
    assert [one["seq"] for one in first] == [newest[0]["seq"]]
    errors = client.get("/api/events", params={"severity": ["error", "critical"], "stage": "project"})
    assert errors.json() == []
    assert client.get("/api/events", params={"before": 3, "after": "1"}).status_code == 400


def test_events_are_searched_and_saved(client: TestClient, project: int, job: int) -> None:
    client.post(f"/api/jobs/{job}/cancel")
    every = client.get("/api/events").json()
    made, cancelled = every

    def found(path: str = "/api/events", **query: object) -> list[Any]:
        answer = client.get(path, params=query)  # type: ignore[arg-type]  # its values are spelled by httpx
        assert answer.status_code == 200, answer.text
        return answer.json() if path == "/api/events" else list(map(json.loads, answer.text.splitlines()))

    assert found(reason="training_cancelled") == found(text=cancelled["summary"].upper()) == [cancelled]
    assert found(actor="nobody") == found(text="%") == found(until=made["occurred_at"]) == []
    assert found(since=made["occurred_at"], project_id=project) == every
    assert found(after="0", stage=["project", "training"]) == every
    assert found(after=str(made["seq"]), stage="project") == []
    assert found("/api/events/export") == every
    assert found("/api/events/export", stage="training") == [cancelled]
    runs = client.get("/api/timeline", params={"stage": "training", "project_id": project}).json()["runs"]
    assert [one["job_id"] for one in runs] == [job]
    assert client.get("/api/timeline", params={"severity": "critical"}).json()["runs"] == []
    for wrong in ({"reason": "training_om"}, {"since": "2026-11-29T10:00:00"}, {"text": ""}, {"stage": "x"}):
        assert client.get("/api/events/export", params=wrong).status_code == 422, wrong
    table = client.get("/api/events/export", params={"format": "csv", "reason": "training_cancelled"})
    assert table.headers["content-disposition"] == 'attachment; filename="events.csv"'
    assert [row["seq"] for row in csv.DictReader(io.StringIO(table.text))] == [str(cancelled["seq"])]


def test_a_stream_is_not_chosen_by_what_events_say(client: TestClient) -> None:
    answer = client.get("/api/events", params={"text": "x"}, headers={"Accept": "text/event-stream"})
    assert answer.status_code == 400
    assert "project_id and topic" in answer.json()["error"]["message"]


def test_the_audit_answers(client: TestClient, project: int) -> None:
    report = client.get("/api/audit/verify", params={"has_files": True}).json()
    assert report["is_clean"]
    assert report["events"]["num_events"] == 1
    assert report["artifacts"]["num_artifacts"] == 0


@pytest.mark.parametrize("path", ["/api/nothing", "/docs", "/redoc", "/api/jobs/", "//api/jobs", "/api//jobs"])
def test_there_is_nothing_else(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (404, "system_not_found")


def test_a_method_that_a_route_does_not_have_is_named(client: TestClient) -> None:
    answer = client.delete("/api/projects")
    assert answer.status_code == 405
    assert "error" in answer.json()


def test_what_is_wrong_in_an_address_is_named_with_its_value(client: TestClient) -> None:
    error = client.get("/api/jobs/1/metrics?max_points=3").json()["error"]
    assert error["message"].startswith("query.max_points: '3': ")
    long = client.get(f"/api/jobs?sort={'x' * 5000}").json()["error"]["message"]
    assert len(long) < 300


def test_what_is_wrong_in_a_body_is_named_without_its_value(client: TestClient) -> None:
    answer = client.post("/api/projects", json={"name": "one", "template": "canary"})
    assert answer.status_code == 422
    assert "body.template" in answer.json()["error"]["message"]
    assert "canary" not in answer.text


def test_a_mistake_is_told_without_its_secrets(
    client: TestClient, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*_: object, **__: object) -> None:
        message = "secret detail"
        raise RuntimeError(message)

    monkeypatch.setattr(type(house.jobs), "get", explode)
    answer = client.get("/api/jobs/1")
    assert answer.status_code == 500
    assert answer.json()["error"]["reason"] == "system_internal"
    assert "secret detail" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_document_describes_only_json(client: TestClient) -> None:
    document = json.dumps(client.get("/api/openapi.json").json())
    assert "text/html" not in document
    assert "HTTPValidationError" not in document


def test_a_cleaning_can_be_tried_over_the_api(client: TestClient, project: int) -> None:
    path = f"/api/projects/{project}/cleaning/preview"
    assert client.post(path, json={"plan": {}}).json()["error"]["reason"] == "system_not_found"
    assert client.post(path, json={"plan": {}, "dataset_id": "dataset-1"}).status_code == 404
    refused = client.post(path, json={"plan": {"pii": {"policy": "erase"}}, "max_examples": 0})
    assert {one["check"] for one in refused.json()["error"]["findings"]} == {
        "body.plan.pii.policy",
        "body.max_examples",
    }


def test_who_decides_at_a_gate_can_be_set(client: TestClient, project: int) -> None:
    path = f"/api/projects/{project}/gates"
    assert client.put(f"{path}/train", json={"mode": "human"}).json()["train"] == "human"
    assert client.get(path).json() | {"train": "auto"} == {stage.name: "auto" for stage in LIFECYCLE}
    assert client.put(f"{path}/train", json={"mode": "nobody"}).status_code == 422
    assert client.put(f"{path}/coffee", json={"mode": "human"}).status_code == 422
    assert client.put("/api/projects/99/gates/train", json={"mode": "human"}).status_code == 404


def test_a_gate_is_approved_once_with_a_note(client: TestClient, project: int, job: int, house: House) -> None:
    with house.ports.storage.write() as transaction:
        transaction.gates.add(
            StageGate(
                id=0,
                project_id=ProjectId(project),
                stage="train",
                mode="human",
                job_id=JobId(job),
                flow_id=None,
                artifact_id=ArtifactId("adapter-1"),
                question="May it?",
                opened_at=house.ports.clock.now(),
            )
        )
    assert [one["id"] for one in client.get("/api/gates", params={"state": "waiting"}).json()] == [1]
    answer = client.post("/api/gates/1/approve", json={"note": "good"}).json()
    assert (answer["state"], answer["note"], answer["actor"]) == ("approved", "good", "api")
    again = client.post("/api/gates/1/reject")
    assert (again.status_code, again.json()["error"]["reason"]) == (409, "system_conflict")
    assert client.get(f"/api/jobs/{job}/events").json()[-1]["reason"] == "gate_approved"


def test_an_unknown_manifest_cannot_be_activated(client: TestClient, project: int) -> None:
    answer = client.post(f"/api/projects/{project}/manifests/manifest-0123456789abcdef/activate")
    assert answer.status_code == 404
    assert answer.json()["error"]["reason"] == "system_not_found"


def test_a_golden_set_needs_one_source(client: TestClient, project: int) -> None:
    for body in ({}, {"from_split": "test", "locator": "/data.csv"}):
        assert client.post(f"/api/projects/{project}/goldens", json=body).status_code == 422


def test_a_wrong_address_or_value_is_named_with_what_to_do_next(client: TestClient) -> None:
    nowhere = client.get("/api/nowhere")
    assert nowhere.status_code == 404
    assert (
        nowhere.json()["error"]["message"]
        == "there is nothing at '/api/nowhere'; /api/openapi.json lists what there is"
    )
    error = client.get("/api/jobs?limit=0").json()["error"]
    assert error["message"].startswith("query.limit: '0': Input should be greater than or equal to 1. Correct it")
    assert error["findings"][0]["next_step"].endswith("/api/openapi.json says what is taken")


def test_an_eval_pack_is_made_listed_shown_and_checked(client: TestClient) -> None:
    made = client.post("/api/eval-packs", json={"name": "labels", "shape": "classification"})
    assert made.status_code == 201
    assert made.json()["pack"]["tasks"][0]["metrics"][0] == "accuracy"
    assert client.post("/api/eval-packs", json={"name": "labels"}).status_code == 409
    assert [one["name"] for one in client.get("/api/eval-packs").json()] == ["labels"]
    assert client.get("/api/eval-packs/labels").json() == made.json()
    assert client.post("/api/eval-packs/check", json={"text": made.json()["text"]}).json() == {"problems": []}
    wrong = client.post("/api/eval-packs/check", json={"text": "kind: EvalPak"}).json()["problems"]
    assert "line 1: kind='EvalPak' is not known; did you mean EvalPack?" in wrong


def test_an_evaluation_by_a_pack_that_cannot_be_is_refused_at_once(client: TestClient, project: int) -> None:
    body = {
        "pack": {"api_version": "brewslm/v1", "kind": "EvalPack", "name": "x", "tasks": [{"id": "a", "metrics": []}]}
    }
    assert client.post(f"/api/projects/{project}/evaluation", json=body).status_code == 422
