"""Decisions about releases, and keys, over HTTP."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from brewslm.api.app import create_app
from brewslm.api.guard import allowed_hosts
from tests.serving.endpoint import Workspace

WHY = {"reason": "a test wants it"}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path / "home")
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.safetensors").write_bytes(b"weights")
    for note in ("one", "two", "three"):
        made.release(model, note=note)
    return made


@pytest.fixture
def client(workspace: Workspace) -> TestClient:
    app = create_app(workspace.house, hosts=allowed_hosts(8000, host="127.0.0.1"))
    return TestClient(app, base_url="http://127.0.0.1:8000/api/projects/1/", raise_server_exceptions=False)


def states(client: TestClient) -> list[str]:
    return [row["state"] for row in client.get("releases").json()]


def post(client: TestClient, path: str, status: int = 200, **body: Any) -> dict[str, Any]:
    answer = client.post(path, json={**WHY, **body})
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_releases_are_promoted_shared_rolled_back_and_ended(client: TestClient, workspace: Workspace) -> None:
    post(client, "releases/2/canary", 409, share=0.1)  # nothing is live beside it
    assert post(client, "releases/1/promote")["state"] == "live"
    assert post(client, "releases/2/canary", share=0.1)["canary_share"] == 0.1
    post(client, "releases/3/canary", 409, share=0.95)  # together more than all
    assert post(client, "releases/2/promote")["canary_share"] == 0.0
    assert states(client) == ["superseded", "live", "candidate"]
    assert post(client, "rollback")["version"] == 1
    assert states(client) == ["live", "rolled_back", "candidate"]
    post(client, "rollback", 409)  # nothing was live before
    post(client, "releases/3/reject")
    post(client, "releases/3/promote", 409)
    post(client, "releases/1/retire")
    assert states(client) == ["retired", "rolled_back", "rejected"]
    post(client, "releases/9/promote", 404)
    post(client, "releases/2/promote", 422, reason="")
    with workspace.house.ports.storage.read() as transaction:
        told = transaction.events.list(project_id=workspace.project.id)
    assert all("a test wants it" in event.summary for event in told if event.reason == "deployment_promoted")


def test_a_release_whose_evaluation_failed_a_gate_is_not_promoted(
    client: TestClient, workspace: Workspace, tmp_path: Path
) -> None:
    version = workspace.release(tmp_path / "model", note="four", is_good=False).version
    said = post(client, f"releases/{version}/promote", 422)
    assert said["error"]["reason"] == "evaluation_gate_failed"
    assert "Gate 'own': It answers politely. Seen: no." in said["error"]["message"]
    assert states(client) == ["candidate"] * 4
    assert workspace.reasons()[-1] == "deployment_promotion_refused"


def test_a_damaged_release_is_not_promoted(client: TestClient, workspace: Workspace) -> None:
    post(client, "releases/1/promote")
    bundle = workspace.house.releases.bundle_of(workspace.house.releases.get(workspace.project.id, 2))
    for file in bundle.files:
        path = workspace.house.ports.store.project_folder(workspace.project.id) / file.path
        path.chmod(0o644)
        path.write_bytes(b"other")
    said = post(client, "releases/2/promote", 422)
    assert "does not match its checksum" in said["error"]["message"]
    assert states(client)[:2] == ["live", "candidate"]


def test_a_key_is_shown_once(client: TestClient) -> None:
    made = client.post("keys", json={"name": "shop"})
    assert made.status_code == 201
    secret = made.json()["key"]
    listed = client.get("keys")
    assert secret not in listed.text
    assert "sha256" not in listed.text
    assert client.delete(f"keys/{made.json()['id']}").json()["revoked_at"] is not None
    assert client.delete("keys/7").status_code == 404


def test_drift_is_not_checked_where_nothing_is_live(client: TestClient) -> None:
    assert client.get("drift").json() is None
    assert client.post("drift/check").status_code == 404
