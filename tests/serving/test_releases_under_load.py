"""Releases are switched, processes killed, bundles damaged while clients ask: no answer is lost or mixed up."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from brewslm.core.errors import GateRefusedError
from brewslm.core.release import ReleaseState
from brewslm.services.endpoint.unit import Unit
from tests.fakes.serving import PlayedProcess, PlayedServing
from tests.serving.endpoint import PATIENCE_SECONDS, Served, Workspace
from tests.worker.tiny import write_base_model


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another model."""
    return write_base_model(tmp_path_factory.mktemp("other") / "model", num_hidden_layers=1)


@pytest.fixture(scope="module", params=["played", pytest.param("real", marks=pytest.mark.long)])
def served(request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """With processes that are played, and with real ones, which take seconds to start."""
    home = tmp_path_factory.mktemp("load") / "home"
    workspace = Workspace(home, PlayedServing() if request.param == "played" else None)
    workspace.promote(workspace.release(folder))
    with Served(workspace) as one:
        one.wait_ready(1)
        yield one


class Crowd:
    """Clients that ask one thing after another, each answer with the release that gave it."""

    def __init__(self, served: Served, *, number: int = 4) -> None:
        self.answers: list[tuple[int, str, str]] = []
        self._served, self._key, self._stop = served, served.workspace.key(), threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(one,)) for one in range(number)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    def _ask(self, number: int) -> None:
        while not self._stop.is_set():
            content = f"question {number % 3}"
            answer = self._served.ask(self._key, messages=[{"role": "user", "content": content}])
            said = answer.json()
            text = said["choices"][0]["message"]["content"] if answer.status_code == 200 else answer.text
            self.answers.append((answer.status_code, said.get("model", ""), f"{content}: {text}"))

    def wait_for(self, model: str) -> None:
        self._served.wait_until(lambda: any(one[1] == model for one in self.answers[-8:]), f"an answer of {model}")


def test_promote_and_roll_back_lose_no_request_and_mix_nothing_up(served: Served, other: Path) -> None:
    workspace = served.workspace
    row = workspace.release(other)
    first = live_unit(served).process
    with Crowd(served) as crowd:
        crowd.wait_for("support@v1")
        workspace.promote(row)
        crowd.wait_for(f"support@v{row.version}")
        served.wait_until(lambda: (1, "standby") in served.states(), "the standby of the one before")
        workspace.house.releases.rollback(workspace.project.id, reason="the first was better")
        crowd.wait_for("support@v1")
        served.wait_until(lambda: served.states() == [(1, "ready")], "the end of the other process")
    assert live_unit(served).process is first, "a rollback starts nothing"
    assert {status for status, _, _ in crowd.answers} == {200}
    spelled = {(model, text) for _, model, text in crowd.answers}
    assert len(spelled) == 6, "each release answers each of the three questions in one way"
    states = [row.state for row in workspace.house.releases.list(workspace.project.id)]
    assert states[:2] == [ReleaseState.LIVE, ReleaseState.ROLLED_BACK]
    assert {"deployment_promoted", "deployment_rolled_back", "deployment_started"} <= set(workspace.reasons())


def test_a_killed_process_is_back_and_waiting_requests_are_answered(served: Served) -> None:
    key = served.workspace.key()
    unit = live_unit(served)
    assert unit.ready is not None
    before = unit.process
    began_at = time.monotonic()
    kill(unit)
    answer = served.ask(key)
    print(f"\nanswered {time.monotonic() - began_at:.1f} s after SIGKILL")
    assert answer.status_code == 200
    assert unit.process is not before
    assert "deployment_process_lost" in served.workspace.reasons()


def test_a_replaced_release_is_kept_only_for_a_while(served: Served, other: Path) -> None:
    workspace, fleet = served.workspace, served.workspace.house.fleet
    row, file = workspace.release(other, note="kept"), workspace.home / "config" / "endpoints.yaml"
    before = file.read_text()
    file.write_text(f"{before}keep_replaced_seconds: 0\n")
    workspace.promote(row)
    served.wait_until(lambda: served.states() == [(row.version, "ready")], "the end of the one before, at once")
    assert fleet.settings.keep_replaced_seconds == 0
    file.write_text(before)
    workspace.house.releases.rollback(workspace.project.id, reason="the first was better")
    served.wait_until(lambda: served.states() == [(1, "ready")], "the first again, by a new process")


def test_a_canary_gets_its_share_and_keeps_its_conversations(served: Served, other: Path) -> None:
    workspace, key = served.workspace, served.workspace.key()
    row = workspace.release(other, note="canary")
    workspace.house.releases.set_canary(workspace.project.id, row.version, 0.25, reason="try it")
    served.wait_ready(row.version)
    routing = workspace.house.fleet.routing
    hits = {}
    for number in range(2000):
        lease = routing.take("support", workspace.project.id, f"conversation {number}")
        assert lease is not None
        routing.give_back(lease)
        hits[number] = lease.version
    share = sum(version == row.version for version in hits.values()) / len(hits)
    assert 0.25 - 0.05 < share < 0.25 + 0.05, "four standard errors are 0.039"
    for user in ("ann", "bob", "cem"):
        assert len({served.ask(key, user=user, max_tokens=1).json()["model"] for _ in range(3)}) == 1
    workspace.house.releases.reject(workspace.project.id, row.version, reason="enough")
    served.wait_until(lambda: served.states() == [(1, "ready")], "the end of the canary")


def test_a_damaged_bundle_is_never_served(served: Served, other: Path) -> None:
    workspace, key = served.workspace, served.workspace.key()
    before = served.ask(key).json()
    bundle = workspace.house.releases.bundle_of(row := workspace.release(other, note="damaged"))
    weights = workspace.house.ports.store.project_folder(workspace.project.id) / next(
        file.path for file in bundle.files if file.path.endswith(".safetensors")
    )
    whole = weights.read_bytes()
    _overwrite(weights, whole[:-4] + bytes(4))
    with pytest.raises(GateRefusedError, match="does not match its checksum"):
        workspace.promote(row)
    assert "deployment_promotion_refused" in workspace.reasons()
    # Damaged between the promotion and the start of its process: promoted whole, and changed at once.
    _overwrite(weights, whole)
    # The fleet does not look in between.
    fleet, look = workspace.house.fleet, workspace.house.fleet._read_wanted
    fleet._read_wanted = lambda: None  # type: ignore[method-assign]
    workspace.promote(row)
    _overwrite(weights, whole[:-4] + bytes(4))
    fleet._read_wanted = look  # type: ignore[method-assign]
    served.wait_until(lambda: (row.version, "refused") in served.states(), "the refusal")
    after = served.ask(key).json()
    assert (after["model"], after["choices"]) == ("support@v1", before["choices"])
    assert "deployment_bundle_refused" in workspace.reasons()
    workspace.house.releases.rollback(workspace.project.id, reason="it was damaged")


def live_unit(served: Served) -> Unit:
    unit = served.workspace.house.fleet.routing.routes()["support"].live
    assert unit is not None
    return unit


def kill(unit: Unit) -> None:
    if isinstance(unit.process, PlayedProcess):
        unit.process.die()
    else:
        assert unit.ready is not None
        os.kill(unit.ready.pid, signal.SIGKILL)


def _overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.write(content)
    path.chmod(0o444)
