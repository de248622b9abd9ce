"""A life from import to export as a client leads it: it asks, waits, and asks again where something was refused."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.chaos.world import POLL_SECONDS, World

STEPS = 40
RECIPE: dict[str, Any] = {
    "data.total_steps": STEPS,
    "data.batch_size": 4,
    "optim.learning_rate": 0.01,
    "lora.lora_rank": 4,
    "monitor.log_every": 1,
    "monitor.eval_every": 20,
    "monitor.checkpoint_every": 5,
    "step_path": "general",
}
TRIES = 3
FINAL = {"completed", "failed", "cancelled"}

Asking = Callable[[], dict[str, Any]]


class HttpLife:
    """Led through the API of a server that may be killed at any time."""

    def __init__(self, world: World, base: Path, data: Path) -> None:
        """Lead it in this world."""
        self._world, self._base, self._data = world, base, data
        self.phase = ""
        self.num_asked_again = 0
        self.ended: list[dict[str, Any]] = []
        """Every job that was accepted, as it ended."""

    def lead(self) -> dict[str, Any] | None:
        """Return the bundle's job, or None where the life ended before."""
        if not self._world.call("GET", "/api/projects"):
            with suppress(ValueError):  # the project is there: the answer was lost, not the deed
                self._world.call("POST", "/api/projects", {"name": "one", "base_model": str(self._base)})
        if self._done("importing", "/api/projects/1/datasets/import", {"locator": str(self._data)}) is None:
            return None
        launch = {"autopilot": True, "one_click": True, "overrides": RECIPE}
        trained = self._done("preparing", "/api/projects/1/training/run", launch)
        if trained is None:
            return None
        report = self._world.call("GET", f"/api/projects/1/artifacts/{trained['artifact_id']}")["body"]
        wanted = {"adapter_id": report["adapter_id"], "eval_report_id": trained["artifact_id"]}
        return self._done("exporting", "/api/projects/1/stages/export", wanted)

    def _done(self, phase: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        self.phase = phase
        for number in range(TRIES):
            self.num_asked_again += number > 0
            key = {"Idempotency-Key": f"{phase}-{number}"}
            job = self._world.call("POST", path, body, **key)
            while job["status"] not in FINAL:
                self._world.pause(4 * POLL_SECONDS)
                job = self._world.call("GET", f"/api/jobs/{job['id']}")
            self.ended.append(job)
            if job["status"] == "completed":
                return job
            self._world.pause(5.0)  # a person reads the message, and asks again
        return None


class CommandLife:
    """Led through commands; one that is killed is followed by `jobs watch`."""

    def __init__(self, world: World, base: Path, data: Path) -> None:
        """Lead it in this world."""
        self._world, self._base, self._data = world, base, data
        self.phase = ""
        self.num_asked_again = 0
        self.ended: list[dict[str, Any]] = []

    def lead(self) -> dict[str, Any] | None:
        """Return the bundle's job, or None where the life ended before."""
        self._run("project", "create", "--name", "one", "--base-model", str(self._base))
        options = [word for name, value in RECIPE.items() for word in ("--set", f"{name}={value}")]
        for phase, kind, words in (
            ("importing", "import", ("dataset", "import", "--project", "1", str(self._data))),
            ("preparing", "autopilot", ("train", "--project", "1", "--autopilot", "--one-click", *options)),
            ("exporting", "export", ("export", "--project", "1")),
        ):
            self.phase = phase
            job = self._done(kind, words)
            if job is None:
                return None
        return job

    def _done(self, kind: str, words: tuple[str, ...]) -> dict[str, Any] | None:
        for number in range(TRIES):
            self.num_asked_again += number > 0
            for _ in range(TRIES):
                self._run(*words)
                if self._of_kind(kind):  # else it was killed before it had said what it wanted
                    break
            while self._of_kind(kind)[0]["status"] not in FINAL:
                self._run("jobs", "watch", str(self._of_kind(kind)[0]["id"]))
            job = self._of_kind(kind)[0]
            self.ended.append(job)
            if job["status"] == "completed":
                return job
            self._world.pause(5.0)
        return None

    def _run(self, *words: str) -> int:
        process = self._world.start(*words, "--json")
        self._world.command = process
        assert process.stdout is not None
        assert process.stderr is not None
        while process.poll() is None:
            self._world.pause(POLL_SECONDS)
        process.communicate()
        return int(process.returncode)

    def _of_kind(self, kind: str) -> list[dict[str, Any]]:
        """The jobs of this kind, the newest first."""
        found: list[dict[str, Any]] = json.loads(self._world.run("jobs", "list", "--all", "--json").stdout)
        return [job for job in found if job["kind"] == kind]
