"""The backlog over HTTP, and pairs to label."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from brewslm.bootstrap.house import House
from brewslm.core.backlog.entry import RowsToReview
from brewslm.core.ids import ProjectId
from tests.contracts.test_backlog_rows import entry


@pytest.fixture
def project(client: TestClient, house: House) -> str:
    """A project with an entry of failing rows, and one that only has a command."""
    made = int(client.post("/api/projects", json={"name": "one"}).json()["id"])
    with house.ports.storage.write() as transaction:
        for key, rows in (("slice/a", RowsToReview(task="main", slice="label=a")), ("drift/words", None)):
            plain = entry(ProjectId(made), key)
            transaction.backlog.add(
                plain.model_copy(update={"finding": plain.finding.model_copy(update={"rows": rows})})
            )
    return f"/api/projects/{made}"


def post(client: TestClient, path: str, status: int = 200, **body: Any) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_entries_are_taken_up_closed_and_opened_again(client: TestClient, project: str) -> None:
    taken = post(client, f"{project}/backlog/1/take", note="mine")
    assert (taken["state"], taken["actor"], taken["note"]) == ("taken", "api", "mine")
    job = client.get(f"/api/jobs/{taken['job_id']}").json()
    assert (job["kind"], job["payload"]["slice"]) == ("review", "label=a")
    assert post(client, f"{project}/backlog/2/take")["job_id"] is None
    post(client, f"{project}/backlog/1/take", 409)
    post(client, f"{project}/backlog/1/close", 422, note="")
    assert post(client, f"{project}/backlog/1/close", note="done")["state"] == "closed"
    assert [one["number"] for one in client.get(f"{project}/backlog").json()] == [2]
    assert [one["number"] for one in client.get(f"{project}/backlog?all=true").json()] == [2, 1]
    assert post(client, f"{project}/backlog/1/reopen")["state"] == "open"
    assert client.get(f"{project}/backlog/1").json()["state"] == "open"
    assert client.get(f"{project}/backlog/9").status_code == 404
    reasons = [event["reason"] for event in client.get(f"{project}/events").json()]
    assert [one for one in reasons if "backlog" in one] == [
        "evaluation_backlog_started",
        "evaluation_backlog_started",
        "evaluation_backlog_resolved",
        "evaluation_backlog_returned",
    ]


def test_a_look_where_nothing_was_evaluated_changes_nothing(client: TestClient, project: str) -> None:
    assert {one["number"] for one in post(client, f"{project}/backlog/look")} == {1, 2}
    post(client, "/api/projects/99/backlog/look", 404)


def test_pairs_need_an_evaluation(client: TestClient, project: str) -> None:
    error = post(client, f"{project}/pairs", 404, name="mine")["error"]
    assert "brewslm evaluate" in error["message"]
    post(client, f"{project}/pairs", 422, name="../mine")
