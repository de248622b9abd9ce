"""Serving processes on this machine: children of the server, which end when it does."""

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx2
from pydantic import ValidationError

from brewslm.adapters.engines.local import worker_environment
from brewslm.adapters.serving.asking import authorization, http
from brewslm.adapters.serving.upstream import HttpUpstream, UpstreamProcess
from brewslm.core.errors import WorkerError
from brewslm.core.serving.order import (
    ADAPTERS_PATH,
    ORDER_FILE,
    READY_FILE,
    REFUSED_FILE,
    TOKEN_FILE,
    AdapterSet,
    Ready,
    Refused,
    ServedAdapter,
    ServeOrder,
)
from brewslm.core.serving.upstream import Upstream

LOG_FILE = "serving.log"
STOP_SECONDS = 5.0
PROBE_SECONDS = 2.0
HOLD_SECONDS = 60.0
"""What the adapters of a checkpoint may take to load."""


class LocalProcess:
    """Implements `core.serving.host.ServingProcess`."""

    def __init__(self, child: "subprocess.Popen[bytes]", folder: Path, token: str) -> None:
        """Bind it to a child."""
        self._child = child
        self._folder = folder
        self.token = token

    def base_url(self, ready: Ready) -> str:
        """The base of its OpenAI API."""
        return f"http://127.0.0.1:{ready.port}/v1"

    def ready(self) -> Ready | Refused | None:
        """Where it listens, or why it does not; None while that is not known."""
        for name, kind in ((READY_FILE, Ready), (REFUSED_FILE, Refused)):
            with contextlib.suppress(OSError, ValidationError):
                return kind.model_validate_json((self._folder / name).read_bytes())
        return None

    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._child.poll()

    def hold(self, ready: Ready, adapters: Sequence[ServedAdapter]) -> str | None:
        """Have it hold these adapters and no others; return why it does not.

        Raises:
            WorkerError: it does not answer.
        """
        address = f"http://127.0.0.1:{ready.port}{ADAPTERS_PATH}"
        headers = authorization(self.token)
        content = AdapterSet(adapters=tuple(adapters)).model_dump_json()
        try:
            answer = http().put(address, content=content, headers=headers, timeout=HOLD_SECONDS)
            return None if answer.status_code == 200 else str(answer.json()["error"]["message"])
        except (httpx2.HTTPError, ValueError, KeyError) as error:
            message = f"the process that serves the base model took no adapter: {error}; it is looked after"
            raise WorkerError(message) from error

    def is_answering(self, ready: Ready) -> bool:
        """Ask it for a sign of life."""
        address = f"http://127.0.0.1:{ready.port}/health"
        headers = authorization(self.token)
        try:
            return http().get(address, headers=headers, timeout=PROBE_SECONDS).status_code == 200
        except httpx2.HTTPError:
            return False

    def end(self) -> None:
        """Close its standard input, by which it ends; kill it where it does not."""
        with contextlib.suppress(OSError):
            if self._child.stdin is not None:
                self._child.stdin.close()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


class LocalServing:
    """Implements `core.serving.host.ServingHost`."""

    def __init__(self, workspace: Path, *, environment: Mapping[str, str], num_threads: int | None = None) -> None:
        """Keep what processes are started with; their folders lie in the workspace."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._own_environment = environment
        self._environment = worker_environment(environment, num_threads or cores)
        self._folder = workspace / "serving"
        self._logs = workspace / "logs"

    def start(self, order: ServeOrder, *, name: str) -> LocalProcess:
        """Start one.

        Raises:
            WorkerError: it could not be started.
        """
        folder = self._folder / f"{name}-{secrets.token_hex(4)}"
        token = secrets.token_urlsafe(32)
        try:
            folder.mkdir(mode=0o700, parents=True)
            self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / ORDER_FILE).write_text(order.model_dump_json(), encoding="utf-8")
            secret = os.open(folder / TOKEN_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            os.write(secret, token.encode())
            os.close(secret)
            with (self._logs / LOG_FILE).open("ab") as log:
                child = subprocess.Popen(
                    [sys.executable, "-P", "-m", "brewslm.serving", str(folder)],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    env=self._environment,
                    cwd=folder,
                )
        except OSError as error:
            message = f"the process that serves {name!r} could not be started: {error}; see to the folder {folder}"
            raise WorkerError(message) from error
        return LocalProcess(child, folder, token)

    def attach(self, upstream: Upstream) -> UpstreamProcess:
        """Look after a runtime that others run.

        Raises:
            WorkerError: its key is not there.
        """
        return UpstreamProcess(HttpUpstream(upstream, environment=self._own_environment))

    def stop(self, process: object) -> None:
        """End it, and wait for its end; of a runtime of others end the looking after."""
        if isinstance(process, LocalProcess | UpstreamProcess):
            process.end()
