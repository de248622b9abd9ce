"""Code first over HTTP: what the served folder holds, and the run of it."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from brewslm.api.app import create_app
from brewslm.api.guard import allowed_hosts
from brewslm.bootstrap.container import open_house
from brewslm.bootstrap.house import House
from brewslm.core.brew.trainer import BrewRun
from brewslm.services.requests import AutopilotRequest

TEXT = """\
api_version: brewslm/v1
kind: Project
trainer:
  name: shop assistant
  dataset: nowhere.jsonl
  recipe: {optim.learning_rate: 0.001}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "user"
    found.mkdir()
    return found


@pytest.fixture
def served(house: House, folder: Path) -> House:
    return open_house(house.settings.model_copy(update={"brew": folder}), actor="api")


@pytest.fixture
def client(served: House) -> TestClient:
    app = create_app(served, hosts=allowed_hosts(8000, host="127.0.0.1"))
    return TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)


def run_of(folder: Path, served: House, **more: object) -> BrewRun:
    now = served.ports.clock.now()
    facts = {"id": "r1", "trainer": "shop assistant", "file": str(folder / "brewslm.yaml"), "pid": 1, "started_at": now}
    return BrewRun.model_validate({**facts, **more})


def test_an_empty_folder_has_no_trainer_and_that_is_no_error(client: TestClient, folder: Path) -> None:
    state = client.get("/api/manifest").json()
    assert state == {
        "folder": str(folder), "file": None, "trainer": None, "error": None, "changed_at": None, "run": None
    }  # fmt: skip
    for path in ("/api/train", "/api/train/stop"):
        answer = client.post(path)
        assert answer.status_code == 404
        assert "write a brew.py" in answer.json()["error"]["message"]


def test_edits_are_picked_up(client: TestClient, folder: Path) -> None:
    file = folder / "brewslm.yaml"
    file.write_text(TEXT)
    first = client.get("/api/manifest").json()
    assert (first["file"], first["error"], first["trainer"]["name"]) == ("brewslm.yaml", None, "shop assistant")
    file.write_text(TEXT + "  profle: safe\n")
    second = client.get("/api/manifest").json()
    assert second["trainer"] is None
    assert "trainer.profle" in second["error"]
    assert second["changed_at"] >= first["changed_at"]
    assert client.post("/api/train").status_code == 400
    file.write_text(TEXT.replace("shop assistant", "other name"))
    assert client.get("/api/manifest").json()["trainer"]["name"] == "other name"


def test_a_file_that_is_no_yaml_is_named_with_its_line(client: TestClient, folder: Path) -> None:
    (folder / "brewslm.yaml").write_text(TEXT + "  recipe: {a: 1\n")
    assert "brewslm.yaml, line " in client.get("/api/manifest").json()["error"]


def test_a_run_streams_what_the_command_writes_and_can_be_read_again(client: TestClient, folder: Path) -> None:
    (folder / "brewslm.yaml").write_text(TEXT)
    with client.stream("POST", "/api/train") as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        text = answer.read().decode()
    assert text.splitlines()[-1].startswith("error: dataset='nowhere.jsonl': there is no ")
    assert client.get("/api/train/output").text == text
    assert client.get("/api/train/output?offset=7").text == text[7:]
    assert client.get("/api/manifest").json()["run"] is None


def test_while_a_run_is_in_flight_another_is_refused_by_its_name(
    client: TestClient, served: House, folder: Path
) -> None:
    (folder / "brewslm.yaml").write_text(TEXT)
    run = run_of(folder, served, phase="training", job_id=7)
    with served.brew_runs.hold(run):
        assert client.get("/api/manifest").json()["run"] == run.model_dump(mode="json")
        answer = client.post("/api/train")
        assert answer.status_code == 409
        assert "trainer 'shop assistant'" in answer.json()["error"]["message"]
        assert "job 7" in answer.json()["error"]["message"]
    assert client.get("/api/manifest").json()["run"] is None


def test_a_stop_says_what_it_stops(client: TestClient, served: House, folder: Path) -> None:
    (folder / "brewslm.yaml").write_text(TEXT)
    project = served.projects.create("shop")
    job = served.jobs.submit(project.id, "autopilot", AutopilotRequest())
    with served.brew_runs.hold(run_of(folder, served)) as note:
        note(run_of(folder, served, phase="training", job_id=job.id, project_id=project.id))
        answer = client.post("/api/train/stop")
    assert answer.status_code == 202
    assert f"Job {job.id} (autopilot) of trainer 'shop assistant'" in answer.json()["message"]
    assert served.jobs.get(job.id).status == "cancelled"
    assert client.post("/api/train/stop").status_code == 409


def test_a_stop_as_a_job_ends_by_itself_is_still_a_stop(client: TestClient, served: House, folder: Path) -> None:
    (folder / "brewslm.yaml").write_text(TEXT)
    project = served.projects.create("shop")
    job = served.jobs.submit(project.id, "autopilot", AutopilotRequest())
    served.jobs.cancel(job.id)
    run = run_of(folder, served, phase="importing", job_id=job.id, project_id=project.id)
    with served.brew_runs.hold(run) as note:
        note(run)
        answer = client.post("/api/train/stop")
        assert note(run)
    assert answer.status_code == 202
    assert answer.json()["message"].endswith(f"job {job.id} had just ended, no other begins.")


def test_what_a_killed_run_left_behind_is_not_in_flight(client: TestClient, served: House, folder: Path) -> None:
    (folder / "brewslm.yaml").write_text(TEXT)
    with served.brew_runs.hold(run_of(folder, served)):
        (file,) = served.settings.home.glob("brews/*/run.json")
        left = file.read_text()
    file.write_text(left)
    assert client.get("/api/manifest").json()["run"] is None


def test_an_address_lets_a_browser_in(client: TestClient) -> None:
    browser = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert client.get("/api/projects", headers=browser).status_code == 401
    visit = client.get(client.post("/api/login-addresses").json()["url"], follow_redirects=False)
    assert (visit.status_code, visit.headers["location"]) == (303, "/")
    assert client.get("/api/projects", headers=browser).status_code == 200
