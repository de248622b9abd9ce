"""A workspace with its server and its driver: what a fault strikes, and what a person would do beside it."""

import json
import subprocess
import time
import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tests.chaos.door import Door, Process
from tests.chaos.victim import SWITCHES_FILE
from tests.fakes.postgres import Cluster
from tests.journeys.brew import Brew, Server, journal

LONGEST_SECONDS = 300.0
"""No single wait takes longer, on two busy cores."""
POLL_SECONDS = 0.05
LOOK_EVERY_SECONDS = 0.5
RESTART_AFTER_SECONDS = 0.3


class World(Brew):
    """One workspace, used through a front door with switches."""

    def __init__(
        self, home: Path, door: Door, tick: Callable[[], None] = lambda: None, *, postgres: Cluster | None = None
    ) -> None:
        """Call `tick` in all waiting: that is where the fault strikes. Without a cluster the ledger is SQLite."""
        super().__init__(home)
        self.door = door
        self.postgres = postgres
        self.database = postgres.make() if postgres is not None else None
        if self.database is not None:
            self.variables["BREWSLM_DATABASE_URL"] = self.database
        self.tick = tick
        self.servers: list[Server] = []
        self.command: Process | None = None
        """The command that leads a life without a server."""
        self.problems: list[str] = []
        self._looked_at = 0.0

    def start(self, *words: str) -> Process:  # type: ignore[override]
        """Run a command through the front door with switches."""
        return self.door.start(words, self.environment)

    def run_any(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        process = self.start(*words)
        out, errors = process.communicate(timeout=LONGEST_SECONDS)
        return subprocess.CompletedProcess([*words], process.returncode or 0, out, errors)

    def switch(self, **switches: object) -> None:
        """Set the switches that the victims read."""
        draft = self.home / f"{SWITCHES_FILE}.tmp"
        draft.write_text(json.dumps(switches))
        draft.replace(self.home / SWITCHES_FILE)

    # --- the server -----------------------------------------------------------------------------

    def serve(self) -> Server:
        """Start a server, and wait until it listens; one that refuses or dies is reported by its last line."""
        process = self.start("serve", "--port", "0")
        line = process.stdout.readline()
        if " at http://" not in line:
            raise OSError(line + process.stderr.read())
        return Server(process, line.split(" at ")[1].strip())

    def server(self) -> Server:  # type: ignore[override]
        """The server that a person uses: the one that runs, or a new one in its place."""
        self.servers = [one for one in self.servers if one.process.poll() is None]
        deadline = time.monotonic() + LONGEST_SECONDS
        while not self.servers:
            self.pause(RESTART_AFTER_SECONDS)
            try:
                self.servers.append(self.serve())
            except OSError as error:
                if "Traceback" in str(error) or time.monotonic() > deadline:
                    message = f"no server came up: {error}"
                    raise TimeoutError(message) from error
        return self.servers[-1]

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """Ask until there is an answer, as a client does whose server may be gone for a while."""
        deadline = time.monotonic() + LONGEST_SECONDS
        while True:
            server = self.server()
            try:
                status, answer = server.call(method, path, body, **headers)
            except (OSError, urllib.error.URLError, ValueError):  # refused, cut off, or half an answer
                status, answer = 0, None
            if 200 <= status < 300:
                return answer
            if status >= 500 and status not in {503, 507}:
                self.problem(f"{method} {path} was answered {status}: {answer}")
            if 400 <= status < 500:
                message = f"{method} {path} was refused with {status}: {answer}"
                raise ValueError(message)
            if time.monotonic() > deadline:
                message = f"{method} {path} had no answer for {LONGEST_SECONDS:g} s"
                raise TimeoutError(message)
            self.pause(POLL_SECONDS)

    def stop(self) -> None:
        """End the servers, and what workers there are."""
        for server in self.servers:
            server.process.kill()
            server.process.wait(LONGEST_SECONDS)
            for pipe in (server.process.stdout, server.process.stderr):
                pipe.close()  # type: ignore[union-attr]
        self.end_workers()

    # --- waiting and looking --------------------------------------------------------------------

    def pause(self, seconds: float) -> None:
        """Wait, while the fault may strike and what must never be is looked for."""
        end = time.monotonic() + seconds
        while True:
            self.tick()
            if time.monotonic() - self._looked_at > LOOK_EVERY_SECONDS:
                self._looked_at = time.monotonic()
                self._look()
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, POLL_SECONDS))

    def problem(self, what: str) -> None:
        """Keep what must not be, once."""
        if what not in self.problems:
            self.problems.append(what)

    def _look(self) -> None:
        """Of one run directory there is never more than one worker."""
        seen: dict[str, int] = {}
        for run in self.workers():
            seen[run] = seen.get(run, 0) + 1
            if seen[run] > 1:
                self.problem(f"two workers at the same time in {run}")

    def workers(self) -> list[str]:
        """The run directories of the workers that live in this workspace."""
        found = []
        for process in psutil.process_iter():
            try:
                words = [word for word in process.cmdline() if word]
                is_worker = words[2:4] in (["-m", "tests.chaos.worker"], ["-m", "brewslm.worker"])  # started, or forked
                if is_worker and words[-2].startswith(str(self.home)):
                    is_dead = process.status() == psutil.STATUS_ZOMBIE
                    found += [] if is_dead else [words[-2]]
            except psutil.Error:
                continue
        return found

    def step(self) -> int:
        """The last step of the training, 0 before the first."""
        return max((record.get("step") or 0 for record in journal(self.home)), default=0)

    def newest_attempt(self) -> dict[str, Any] | None:
        """The attempt that began last, over all workers."""
        return max(self.attempts(), key=lambda attempt: attempt["started_at"], default=None)
