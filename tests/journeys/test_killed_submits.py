"""Servers that are killed while they are asked for work: what was accepted is there, once, and as it was asked for."""

import http.client
import json
import os
import random
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.brew import Brew, Server, wait_for

NUM_CLIENTS = 8
SEED = int(os.environ.get("BREWSLM_KILL_SEED", random.randrange(2**32)))


@dataclass
class Clients:
    """Ask for work, each request under a key of its own and with a body of its own, until they are told to stop."""

    chance: random.Random
    url: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    accepted: dict[str, set[int]] = field(default_factory=dict)
    refused: list[int] = field(default_factory=list)
    num_requests: int = 0

    def work(self, number: int) -> None:
        chance = random.Random(self.chance.random())
        request = 0
        while not self.stop.is_set():
            request += 1
            key = f"{number}-{request}"
            for _ in range(chance.randint(1, 5)):
                self._ask(key, body_of(key))

    def _ask(self, key: str, body: dict[str, Any]) -> None:
        status, answer = submit(self.url, key, body)
        self.num_requests += status != 0
        if status == 202:
            self.accepted.setdefault(key, set()).add(answer["id"])
        elif status:
            self.refused.append(status)
        else:
            self.stop.wait(0.05)


def body_of(key: str) -> dict[str, Any]:
    return {"locator": f"/nowhere/{key}.csv"}


def submit(url: str, key: str, body: dict[str, Any]) -> tuple[int, Any]:
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    request = urllib.request.Request(f"{url}/api/projects/1/datasets/import", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except (OSError, ValueError, http.client.HTTPException):
        return 0, None  # the server died; whether it had accepted is not known


@pytest.mark.parametrize("num_kills", [2, pytest.param(100, marks=pytest.mark.long)])
def test_what_a_killed_server_accepted_is_there_once(brew: Brew, num_kills: int) -> None:
    print(f"BREWSLM_KILL_SEED={SEED}")
    chance = random.Random(SEED)
    brew.run("project", "create", "--name", "p")
    clients = Clients(chance)
    with ThreadPoolExecutor(NUM_CLIENTS) as threads:
        asking = []
        for _ in range(num_kills):
            with brew.server() as server:
                clients.url = server.url
                asking = asking or [threads.submit(clients.work, number) for number in range(NUM_CLIENTS)]
                enough = clients.num_requests + chance.randint(NUM_CLIENTS, 5 * NUM_CLIENTS)
                wait_for(lambda enough=enough: clients.num_requests >= enough, "requests")
                server.process.kill()
        clients.stop.set()
        for one in asking:
            one.result()
    assert clients.refused == []
    with brew.server() as server:
        check(server, clients)
    brew.check_books()
    print(f"{num_kills} kills, {clients.num_requests} requests, {len(clients.accepted)} accepted")


def check(server: Server, clients: Clients) -> None:
    assert clients.accepted
    assert set(clients.refused) <= {503}, "only a database that is away may be in the way"
    by_key: dict[str, list[dict[str, Any]]] = {}
    before = ""
    while True:
        page = server.get(f"/api/jobs?limit=1000{before}")
        for job in page["jobs"]:
            if job["parent_id"] is None:
                by_key.setdefault(job["idempotency_key"].removeprefix("client:"), []).append(job)
        if page["next_before_id"] is None:
            break
        before = f"&before_id={page['next_before_id']}"
    for key, numbers in clients.accepted.items():
        (job,) = by_key[key]
        assert numbers == {job["id"]}
    for key, jobs in by_key.items():
        assert len(jobs) == 1, key
        assert jobs[0]["payload"]["locator"] == body_of(key)["locator"]
    key, numbers = next(iter(clients.accepted.items()))
    assert submit(server.url, key, body_of(key))[1]["id"] in numbers
    status, answer = submit(server.url, key, {"locator": "/another.csv"})
    assert status == 409
    assert key in answer["error"]["message"]


@pytest.mark.parametrize("number", [2, pytest.param(20, marks=pytest.mark.long)])
def test_of_servers_that_start_at_once_one_serves(brew: Brew, number: int) -> None:
    brew.run("project", "create", "--name", "p")
    command = [sys.executable, "-m", "brewslm.api", "--port", "0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    servers = [subprocess.Popen(command, text=True, env=brew.environment, **pipes) for _ in range(number)]
    try:
        wait_for(
            lambda: sum(server.poll() is not None for server in servers) == number - 1, "all but one to be refused"
        )
        (leader,) = [server for server in servers if server.poll() is None]
        assert leader.stdout is not None
        url = leader.stdout.readline().split(" at ")[1].strip()
        for server in servers:
            if server is not leader:
                assert server.returncode == 1
                out, said = server.communicate()
                assert out == ""
                # Whoever comes before the first has said where it listens is told of a process without an address.
                assert said.startswith(f"error: {str(brew.home)!r} is being served ")
                assert f"by process {leader.pid}" in said or "by another process already" in said
        assert Server(leader, url).get("/api/health")
        brew.run("project", "create", "--name", "beside it")
    finally:
        for server in servers:
            server.kill()
            server.communicate()
    assert (Path(brew.home) / "server.lock").exists()
