"""The side of the Ray engine that runs here, against a server that answers as Ray's dashboard (2.60) does."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.engines import gang, ray_engine
from brewslm.adapters.engines.ray_engine import RayEngine
from brewslm.core.engines.settings import RaySettings
from brewslm.core.errors import WorkerError
from brewslm.core.ports.engine import WorkerStatus
from tests.fakes.web_server import Exchange, WebServer, serving

TOKEN = "a" * 64


@dataclass
class Dashboard:
    """Keeps jobs as the real one does, and never runs any."""

    token: str = TOKEN
    version: str = "2.60.0"
    is_up: bool = True
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    num_posts: int = 0

    def reply(self, exchange: Exchange) -> None:
        if not self.is_up:
            exchange.answer(503, b"upstream connect error")
            return
        given = exchange.headers.get("Authorization", "")
        if self.token and not given:
            exchange.answer(401, b"Unauthorized: Missing authentication token")
        elif self.token and given != f"Bearer {self.token}":
            exchange.answer(403, b"Forbidden: Invalid authentication token")
        elif exchange.path == "/api/version":
            exchange.answer(200, json.dumps({"version": "4", "ray_version": self.version}).encode())
        elif exchange.path.startswith("/api/jobs/"):
            self._jobs(exchange, exchange.path.removeprefix("/api/jobs/"))
        elif exchange.path == "/api/v0/nodes":
            node = {"state": "ALIVE", "resources_total": {"CPU": 4.0, "GPU": 1.0}}
            dead = {"state": "DEAD", "resources_total": {"CPU": 99.0}}
            exchange.answer(200, json.dumps({"result": True, "data": {"result": {"result": [node, dead]}}}).encode())
        else:
            exchange.answer(404)

    def _jobs(self, exchange: Exchange, name: str) -> None:
        if exchange.command == "POST" and not name:
            self.num_posts += 1
            asked = json.loads(exchange.body)
            if asked["submission_id"] in self.jobs:
                text = f"ValueError: Job with submission_id {asked['submission_id']} already exists."
                exchange.answer(400, f"Traceback (most recent call last):\n{text}".encode())
                return
            self.jobs[asked["submission_id"]] = {**asked, "status": "PENDING", "message": "It waits for resources."}
            exchange.answer(200, json.dumps({"submission_id": asked["submission_id"]}).encode())
        elif exchange.command == "POST":
            self.jobs[name.removesuffix("/stop")]["status"] = "STOPPED"
            exchange.answer(200, b'{"stopped": true}')
        elif not name:
            exchange.answer(200, json.dumps(list(self.jobs.values())).encode())
        elif name in self.jobs:
            exchange.answer(200, json.dumps(self.jobs[name]).encode())
        else:
            exchange.answer(404, f"Job {name} does not exist".encode())

    @property
    def only(self) -> dict[str, Any]:
        (job,) = self.jobs.values()
        return job


@pytest.fixture
def dashboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Dashboard, WebServer]]:
    monkeypatch.setattr(ray_engine, "ASK_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(ray_engine, "LATE_SECONDS", 0.0)
    made = Dashboard()
    with serving(made.reply) as server:
        yield made, server


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "exp-001"
    folder.mkdir()
    return folder


def engine_at(server: WebServer, *, token: str = TOKEN, **settings: Any) -> RayEngine:
    return RayEngine(RaySettings(address=server.url(""), **settings), environment={"RAY_AUTH_TOKEN": token})


def leave_exit(run: Path, attempt: int, code: int) -> None:
    began = {"attempt": attempt, "boot_id": "b", "shim_pid": 1, "worker_pid": 2, "started_at": 0.0}
    (run / "attempt.json").write_text(json.dumps(began))
    ended = {"attempt": attempt, "code": code, "signal": None, "max_rss_bytes": 1, "ended_at": 1.0}
    (run / "exit.json").write_text(json.dumps(ended))


def test_an_attempt_waits_lives_and_ends(dashboard: tuple[Dashboard, WebServer], run: Path) -> None:
    ray, server = dashboard
    engine = engine_at(server)
    engine.submit(run, attempt=1)
    assert engine.status(run) == WorkerStatus(state="waiting", attempt=1, waits_for="It waits for resources.")
    ray.only["status"] = "RUNNING"
    assert engine.status(run).waits_for == "the cluster has no room for its processes yet"
    folder = gang.gang_folder(run, 1)
    folder.mkdir()
    (folder / gang.BEGUN_FILE).touch()
    assert engine.status(run) == WorkerStatus(state="alive", attempt=1)
    leave_exit(run, 1, 74)
    assert engine.status(run) == WorkerStatus(state="ended", attempt=1, exit_code=74)


def test_a_job_says_what_runs_and_holds_no_secret(dashboard: tuple[Dashboard, WebServer], run: Path) -> None:
    ray, server = dashboard
    engine_at(server, python="/nodes/python", network_interface="eth7").submit(run, attempt=3)
    assert re.fullmatch(r"brewslm-exp-001-3-[0-9a-f]{12}", ray.only["submission_id"])
    words = ray.only["entrypoint"].split()
    assert words[:5] == ["exec", "/nodes/python", "-P", "-m", "brewslm.adapters.engines.shim"]
    assert words[-4:] == [str(run), "3", "/nodes/python", "eth7"]
    assert ray.only["runtime_env"]["py_executable"] == "/nodes/python"
    assert TOKEN not in json.dumps(ray.only)


@pytest.mark.parametrize("status", ["STOPPED", "SUCCEEDED", "FAILED"])
def test_a_job_that_is_over_without_an_end_is_lost(
    dashboard: tuple[Dashboard, WebServer], run: Path, status: str
) -> None:
    ray, server = dashboard
    engine = engine_at(server)
    engine.submit(run, attempt=1)
    ray.only["status"] = status
    assert engine.status(run) == WorkerStatus(state="lost", attempt=1)


def test_a_job_that_a_new_head_does_not_know_is_lost(dashboard: tuple[Dashboard, WebServer], run: Path) -> None:
    ray, server = dashboard
    engine = engine_at(server)
    engine.submit(run, attempt=1)
    ray.jobs.clear()
    assert engine.status(run).state == "lost"
    assert ray.num_posts == 1


def test_a_silent_dashboard_changes_nothing_until_its_nodes_have_given_up(
    dashboard: tuple[Dashboard, WebServer], run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray, server = dashboard
    engine = engine_at(server)
    engine.submit(run, attempt=1)
    ray.is_up = False
    assert engine.status(run).state == "waiting"
    monkeypatch.setattr(ray_engine, "SILENT_SECONDS", 0.5)
    begin = time.monotonic()
    while time.monotonic() < begin + 1.0:  # twice what a silence may last
        (run / "beat").write_text(f"1 {time.monotonic()}")
        assert engine.status(run).state == "waiting", "a shim that beats lives, whatever its dashboard does"
    while engine.status(run).state == "waiting":
        assert time.monotonic() < begin + 30
        time.sleep(0.01)
    assert engine.status(run) == WorkerStatus(state="lost", attempt=1)


def test_a_name_that_was_stored_but_never_handed_in_is_handed_in_once(
    dashboard: tuple[Dashboard, WebServer], run: Path
) -> None:
    ray, server = dashboard
    (run / "submission.json").write_text(json.dumps({"attempt": 1, "name": "brewslm-x"}))
    first, second = engine_at(server), engine_at(server)
    assert [first.status(run).state, second.status(run).state] == ["waiting", "waiting"]
    second.submit(run, attempt=1)
    assert list(ray.jobs) == ["brewslm-x"]
    assert ray.num_posts == 1


def test_a_name_that_the_cluster_has_already_is_as_good(dashboard: tuple[Dashboard, WebServer], run: Path) -> None:
    ray, server = dashboard
    engine = engine_at(server)
    engine.submit(run, attempt=1)
    stored = json.loads((run / "submission.json").read_text())
    (run / "submission.json").write_text(json.dumps({**stored, "is_taken": False}))
    assert engine_at(server).status(run).state == "waiting"
    assert len(ray.jobs) == 1


def test_a_later_attempt_waits_for_a_cluster_that_is_away(dashboard: tuple[Dashboard, WebServer], run: Path) -> None:
    ray, server = dashboard
    engine = engine_at(server)
    leave_exit(run, 1, 77)
    (run / "submission.json").write_text(json.dumps({"attempt": 1, "name": "brewslm-x", "is_taken": True}))
    server.reply = Exchange.hang_up
    engine.submit(run, attempt=2)
    assert (engine.status(run).state, engine.status(run).attempt) == ("waiting", 2)
    assert "does not answer" in engine.status(run).waits_for
    server.reply = ray.reply
    assert engine.status(run).state == "waiting"
    assert len(ray.jobs) == 1


def test_the_first_attempt_is_refused_where_nobody_answers(run: Path) -> None:
    with serving(Exchange.hang_up) as server:
        engine = engine_at(server)
    with pytest.raises(WorkerError, match=r"does not answer \(Connection refused\): start it, or correct ray.address"):
        engine.submit(run, attempt=1)
    assert engine.status(run).state == "absent"
    assert engine.look().is_reachable is False


@pytest.mark.parametrize(
    ("token", "words"),
    [("", "asks for a token, and RAY_AUTH_TOKEN is not set"), ("b" * 64, "does not take the token in RAY_AUTH_TOKEN")],
)
def test_a_token_that_does_not_fit_is_one_clear_line(
    dashboard: tuple[Dashboard, WebServer], run: Path, token: str, words: str
) -> None:
    ray, server = dashboard
    with pytest.raises(WorkerError, match=words) as caught:
        engine_at(server, token=token).submit(run, attempt=1)
    assert "\n" not in str(caught.value)
    assert not ray.jobs


def test_an_open_cluster_is_refused_unless_it_is_wished_for(dashboard: tuple[Dashboard, WebServer], run: Path) -> None:
    ray, server = dashboard
    ray.token = ""
    with pytest.raises(WorkerError, match="lets everyone in"):
        engine_at(server).submit(run, attempt=1)
    assert not ray.jobs
    engine_at(server, allow_without_token=True).submit(run, attempt=1)
    assert len(ray.jobs) == 1


def test_an_old_ray_is_refused(dashboard: tuple[Dashboard, WebServer], run: Path) -> None:
    ray, server = dashboard
    ray.version = "2.51.2"
    with pytest.raises(WorkerError, match=r"of version 2\.51\.2.*use 2\.52 or later"):
        engine_at(server).submit(run, attempt=1)
    ray.version = "3.0.0"
    engine_at(server).submit(run, attempt=1)


def test_cancelling_what_waits_stops_the_job(dashboard: tuple[Dashboard, WebServer], run: Path) -> None:
    ray, server = dashboard
    engine = engine_at(server)
    engine.submit(run, attempt=1)
    engine.cancel(run, grace_seconds=30)
    assert ray.only["status"] == "STOPPED"
    assert not engine.status(run).is_open


def test_a_look_tells_of_nodes_and_of_our_jobs(dashboard: tuple[Dashboard, WebServer], run: Path) -> None:
    ray, server = dashboard
    engine = engine_at(server)
    engine.submit(run, attempt=1)
    ray.jobs["other"] = {"status": "RUNNING", "metadata": {"brewslm": "somebody else"}}
    look = engine.look()
    assert look.facts[1:3] == ("guarded by a token", "1 nodes with 4 processors and 1 GPUs")
    assert (look.num_waiting, look.num_running, look.max_jobs, look.problem) == (1, 0, 4, "")


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(WorkerError, match="'ray://head:10001' is no"):
        RayEngine(RaySettings(address="ray://head:10001"), environment={})


@pytest.mark.parametrize(
    ("ends", "num", "told"),
    [
        ({0: 0, 1: -9}, 2, -9),
        ({0: 77, 1: -9}, 2, -9),
        ({0: 77}, 2, -9),
        ({}, 2, -9),
        ({0: 77, 1: 77}, 2, 77),
        ({0: 77, 1: 71}, 2, 71),
        ({0: 1, 1: 77}, 2, 1),
        ({0: 74, 1: 74}, 2, 74),
        ({0: 0, 1: 0}, 2, 0),
    ],
)
def test_the_end_that_explains_the_others_counts(ends: dict[int, int], num: int, told: int) -> None:
    assert gang.explained(ends, num) == told


def test_processes_of_a_node_end_together_and_leave_word(tmp_path: Path) -> None:
    import os
    import sys

    place = gang.Place(first_rank=2, num_here=2, num_processes=2, address="127.0.0.1", port=1)
    work = "import os, sys, time; time.sleep(60) if os.environ['LOCAL_RANK'] == '0' else sys.exit(72)"
    assert not gang.run_here([sys.executable, "-c", work], place, environment=os.environ, folder=tmp_path)
    assert gang.ends_in(tmp_path) == {2: 77, 3: 72}
