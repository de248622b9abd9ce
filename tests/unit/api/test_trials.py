"""Talking to a checkpoint in the Studio: loaded when it is asked, one of a project at a time, kept while it is."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from brewslm.bootstrap.house import House
from brewslm.core.checkpoints.manifest import visible_folders
from brewslm.core.job import Job
from brewslm.services.endpoint.trial import Trial, trial_of
from brewslm.worker.files import LOCAL_DISK
from brewslm.worker.train.checkpoints.keeping import prune
from tests.fakes.serving import PlayedServing


@pytest.fixture
def host(house: House, training: Job) -> Iterator[PlayedServing]:
    """A fleet at work, whose processes are played, over a project with checkpoints of steps 10 and 20."""
    played, stop = PlayedServing(), threading.Event()
    house.fleet._host = played
    fleet = threading.Thread(target=house.fleet.serve, args=(stop,))
    fleet.start()
    yield played
    stop.set()
    fleet.join()


def ask(client: TestClient, model: str) -> tuple[int, dict[str, object]]:
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}]}
    answer = client.post("/api/projects/1/chat", json=body)
    return answer.status_code, answer.json()


def checkpoints(house: House) -> Path:
    return house.ports.store.project_folder(1) / "experiments" / "exp-001" / "checkpoints"  # type: ignore[arg-type]


def test_every_checkpoint_can_be_asked_and_the_one_before_is_let_go(
    client: TestClient, house: House, host: PlayedServing
) -> None:
    listed = client.get("/api/projects/1/checkpoints").json()
    assert [(one["model"], one["step"]) for one in listed] == [
        ("one@experiment1-step20", 20),
        ("one@experiment1-step10", 10),
    ]
    answers = [ask(client, one["model"]) for one in listed]
    assert [status for status, _ in answers] == [200, 200]
    assert [body["model"] for _, body in answers] == [one["model"] for one in listed]
    assert len({str(body["choices"]) for _, body in answers}) == 2
    assert [order.name for order in host.orders] == ["one@base", "one@base"]
    folders = [Path(order.adapters[0].folder) for order in host.orders]
    assert [folder.parent.name.partition(".")[0] for folder in folders] == ["step-000020", "step-000010"]
    assert ask(client, "one@base")[0] == 200
    assert ask(client, listed[1]["model"])[0] == 200
    assert len(host.orders) == 3, "what is loaded is not loaded again"
    assert house.fleet.served(house.projects.list()[0].id) == (), "none of them is a release"


def test_a_checkpoint_that_is_asked_is_not_pruned(client: TestClient, house: House, host: PlayedServing) -> None:
    assert ask(client, "one@experiment1-step10")[0] == 200
    root = checkpoints(house)
    prune(root, keep=1, disk=LOCAL_DISK)
    assert len(visible_folders(root)) == 2
    assert ask(client, "one@experiment1-step20")[0] == 200
    deadline = time.monotonic() + 60
    while len(visible_folders(root)) == 2 and time.monotonic() < deadline:
        prune(root, keep=1, disk=LOCAL_DISK)
    assert [folder.name.partition(".")[0] for folder in visible_folders(root)] == ["step-000020"]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("one@experiment1-step15", "has no checkpoint of step 15; it has those of steps 10, 20"),
        ("one@experiment7-step10", "has no experiment 7"),
        ("other@experiment1-step10", "'other@experiment1-step10' does not exist"),
        ("other@base", "'other@base' does not exist"),
    ],
)
def test_one_that_is_not_there_is_refused_at_once_by_name(
    client: TestClient, host: PlayedServing, model: str, words: str
) -> None:
    status, body = ask(client, model)
    assert (status, words in str(body)) == (404, True)
    assert ask(client, "one@experiment1-step10")[0] == 200, "nothing is left of it"
    assert len(host.orders) == 1


def test_a_project_that_is_not_there_is_refused_at_once(client: TestClient, host: PlayedServing) -> None:
    body = {"model": "one@base", "messages": []}
    assert client.post("/api/projects/99/chat", json=body).status_code == 404


def test_clients_with_a_key_are_not_answered_by_checkpoints(
    client: TestClient, house: House, host: PlayedServing
) -> None:
    _, key = house.keys.create(house.projects.list()[0].id, "test")
    body = {"model": "one@experiment1-step10", "messages": []}
    answer = client.post("/v1/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 404
    assert host.orders == []


@pytest.mark.parametrize("name", ["one@experiment0-step1", "one@experiment1-step", "one@v1", "@experiment1-step1"])
def test_other_names_are_no_checkpoints(name: str) -> None:
    assert trial_of(name) is None


def test_a_name_says_what_it_means() -> None:
    found = trial_of("a@b@experiment12-step0")
    assert found is not None
    project, trial = found
    assert (project, trial.experiment_id, trial.step) == ("a@b", 12, 0)
    assert isinstance(trial, Trial)
    assert trial.model(project) == "a@b@experiment12-step0"
