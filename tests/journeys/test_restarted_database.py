"""PostgreSQL that restarts while work is asked for and events are followed: nothing lost, doubled or out of order."""

import http.client
import os
import random
import re
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from tests.fakes.postgres import Cluster
from tests.journeys.brew import Brew, wait_for
from tests.journeys.test_killed_submits import NUM_CLIENTS, Clients, check

SEED = int(os.environ.get("BREWSLM_KILL_SEED", random.randrange(2**32)))


@dataclass
class Follower:
    """Follows every event, and comes back with the last id that it got where the stream breaks off."""

    url: str
    seen: list[int] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def follow(self) -> None:
        last_id = "0-0"
        while not self.stop.is_set():
            connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
            try:
                connection.request(
                    "GET", "/api/events", headers={"Accept": "text/event-stream", "Last-Event-ID": last_id}
                )
                last_id = self._read(connection.getresponse(), last_id)
            except (OSError, http.client.HTTPException):
                self.stop.wait(0.05)
            finally:
                connection.close()

    def _read(self, answer: http.client.HTTPResponse, last_id: str) -> str:
        new_id = last_id
        if answer.status != 200:
            self.stop.wait(0.05)
            return last_id
        while not self.stop.is_set() and (line := answer.readline().decode()):
            if line.startswith("id: "):
                new_id = line[4:].strip()
            elif line.startswith("event: run"):
                self.seen.append(int(new_id.partition("-")[0]))
            elif line == "\n":
                last_id = new_id
        return last_id


@pytest.mark.parametrize("num_restarts", [2, pytest.param(20, marks=pytest.mark.long)])
def test_a_database_that_restarts_costs_nothing_that_was_accepted(
    brew: Brew, postgres: Cluster, num_restarts: int
) -> None:
    print(f"BREWSLM_KILL_SEED={SEED}")
    chance = random.Random(SEED)
    brew.variables["BREWSLM_DATABASE_URL"] = postgres.ledger()
    brew.run("project", "create", "--name", "p")
    clients = Clients(chance)
    with brew.server() as server, ThreadPoolExecutor(NUM_CLIENTS + 1) as threads:
        clients.url, follower = server.url, Follower(server.url)
        following = threads.submit(follower.follow)
        asking = [threads.submit(clients.work, number) for number in range(NUM_CLIENTS)]
        for _ in range(num_restarts):
            enough = clients.num_requests + chance.randint(NUM_CLIENTS, 5 * NUM_CLIENTS)
            wait_for(lambda enough=enough: clients.num_requests >= enough, "requests")
            postgres.stop(chance.choice([signal.SIGINT, signal.SIGQUIT]))
            postgres.start()
        clients.stop.set()
        for one in asking:
            one.result()
        wait_for(lambda: not open_jobs(server), "every job to end")
        newest = server.get("/api/events?limit=1000&after=0")
        while len(newest) == 1000:
            newest = server.get(f"/api/events?limit=1000&after={newest[-1]['seq']}")
        last = newest[-1]["seq"]
        wait_for(lambda: last in follower.seen, "the last event")
        follower.stop.set()
        assert follower.seen[:last] == list(range(1, last + 1))
        check(server, clients)
        assert server.get("/api/audit/verify")["is_clean"]
        log = (brew.home / "logs" / "server.log").read_text()
        assert not re.findall(r"ERROR.*a mistake of BrewSLM", log)
        server.process.kill()
        following.result()
    brew.check_books()
    print(f"{num_restarts} restarts, {clients.num_requests} requests, {len(clients.accepted)} accepted, {last} events")


def open_jobs(server: object) -> bool:
    return bool(
        server.get("/api/jobs?status=queued&limit=1")["jobs"]  # type: ignore[attr-defined]
        or server.get("/api/jobs?status=running&limit=1")["jobs"]  # type: ignore[attr-defined]
    )
