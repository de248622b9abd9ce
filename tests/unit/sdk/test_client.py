"""The client speaks with a real server's routes, and raises the server's own errors."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from brewslm import Client
from brewslm.api.app import create_app
from brewslm.api.guard import allowed_hosts
from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.settings import Settings
from brewslm.core.errors import ConflictError, NotFoundError
from brewslm.core.events.reasons import Reason
from brewslm.sdk.client import Frame, frames_in
from brewslm.services.requests import ImportRequest


@pytest.fixture
def client(tmp_path: Path) -> Client:
    house = open_house(Settings(home=tmp_path / "home", is_offline=True, brew=tmp_path), actor="api")
    client = Client()
    app = create_app(house, hosts=allowed_hosts(8000, host="127.0.0.1"))
    client._http = TestClient(app, base_url="http://127.0.0.1:8000")
    return client


def test_a_life_by_the_client(client: Client) -> None:
    project = client.create_project("one")
    assert (client.projects(), client.project(project.id), len(client.stages(project.id))) == ((project,), project, 11)
    job = client.import_dataset(project.id, ImportRequest(locator="sample:general-chat-v1"), key="k")
    again = client.import_dataset(project.id, ImportRequest(locator="sample:general-chat-v1"), key="k")
    assert (again.id, client.job(job.id).kind, [one.id for one in client.jobs(text="import")]) == (
        job.id, "import", [job.id]
    )  # fmt: skip
    with pytest.raises(TimeoutError, match="it goes on"):
        client.wait(job.id, timeout_seconds=0)
    assert client.cancel(job.id).status == "cancelled"
    assert client.wait(job.id).is_cancel_requested
    assert (client.metrics(job.id), client.artifacts(job.id), len(client.events(job.id))) == ((), (), 1)
    assert client.manifest().file is None
    with pytest.raises(ConflictError, match="taken") as raised:
        client.create_project("one")
    assert raised.value.code == Reason.SYSTEM_CONFLICT
    with pytest.raises(NotFoundError):
        client.job(99)


def test_frames_are_read_and_signs_of_life_left_out() -> None:
    lines = [
        ": beat",
        "",
        "id: 3-4",
        "event: training.log",
        'data: {"a": 1}',
        "",
        "event: end",
        "data: {}",
        "",
        "data: x",
    ]
    assert list(frames_in(iter(lines))) == [Frame("3-4", "training.log", '{"a": 1}'), Frame("", "end", "{}")]
