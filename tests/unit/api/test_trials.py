"""Talking to a checkpoint in the Studio: its adapter joins the base that is served, and is kept while it answers."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from brewslm.bootstrap.house import House
from brewslm.core.checkpoints.manifest import visible_folders
from brewslm.core.job import Job
from brewslm.core.serving.order import ServedAdapter
from brewslm.services.endpoint import tried
from brewslm.services.endpoint.fleet import COMPARED_SECONDS
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


def step_of(folder: Path) -> int:
    return int(folder.name.partition(".")[0].removeprefix("step-"))


def steps_of(held: tuple[ServedAdapter, ...]) -> list[int]:
    return [step_of(Path(one.folder).parent) for one in held]


def test_every_checkpoint_can_be_asked_of_one_process_that_serves_their_base(
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
    assert ask(client, "one@base")[0] == 200
    assert [order.name for order in host.orders] == ["one@base"]
    assert [steps_of(each) for each in host.processes[0].held] == [[], [20], [20, 10]]
    assert ask(client, listed[0]["model"])[0] == 200
    assert len(host.processes[0].held) == 3, "what is held is not taken in again"
    assert house.fleet.served(house.projects.list()[0].id) == (), "none of them is a release"


def test_a_checkpoint_that_is_asked_is_not_pruned_until_it_was_not_asked_for_long(
    client: TestClient, house: House, host: PlayedServing
) -> None:
    assert ask(client, "one@experiment1-step10")[0] == 200
    root = checkpoints(house)
    prune(root, keep=1, disk=LOCAL_DISK)
    assert len(visible_folders(root)) == 2
    steady, later = house.fleet._steady, COMPARED_SECONDS + 1
    house.fleet._steady = lambda: steady() + later
    assert ask(client, "one@base")[0] == 200
    deadline = time.monotonic() + 60
    while len(visible_folders(root)) == 2 and time.monotonic() < deadline:
        prune(root, keep=1, disk=LOCAL_DISK)
    assert [step_of(folder) for folder in visible_folders(root)] == [20]
    assert host.processes[-1].held[-1] == ()


def test_of_many_checkpoints_those_that_were_asked_last_are_held(
    client: TestClient, house: House, host: PlayedServing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tried, "MAX_HELD", 1)
    for step in (10, 20, 10):
        assert ask(client, f"one@experiment1-step{step}")[0] == 200
    assert [steps_of(each) for each in host.processes[0].held if each] == [[10], [20], [10]]


def test_one_that_does_not_fit_says_why_and_is_tried_again_when_it_is_asked_again(
    client: TestClient, house: House, host: PlayedServing
) -> None:
    (folder,) = [one for one in visible_folders(checkpoints(house)) if step_of(one) == 10]
    (folder / "adapter").rename(folder / "aside")
    status, body = ask(client, "one@experiment1-step10")
    assert (status, "step10 is not there" in str(body)) == (503, True)
    (folder / "aside").rename(folder / "adapter")
    assert ask(client, "one@experiment1-step10")[0] == 200
    assert len(host.orders) == 1


def test_a_process_that_is_lost_holds_the_same_checkpoints_again(
    client: TestClient, house: House, host: PlayedServing
) -> None:
    assert ask(client, "one@experiment1-step10")[0] == 200
    host.processes[0].die()
    deadline = time.monotonic() + 60
    while len(host.processes) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ask(client, "one@experiment1-step10")[0] == 200
    assert steps_of(host.processes[1].held[-1]) == [10]


def test_one_that_cannot_share_a_base_has_a_process_of_its_own(
    client: TestClient, house: House, host: PlayedServing, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = house.fleet.trials._recipe
    monkeypatch.setattr(house.fleet.trials, "_recipe", lambda *at: real(*at).model_copy(update={"method": "dora"}))
    assert [ask(client, f"one@experiment1-step{step}")[0] for step in (10, 20)] == [200, 200]
    assert [order.name for order in host.orders] == ["one@experiment1-step10", "one@experiment1-step20"]
    merged = [Path(order.merged_adapter or "") for order in host.orders]
    assert [(one.name, step_of(one.parent)) for one in merged] == [("adapter", 10), ("adapter", 20)]


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
