"""The front door of trials: processes that are forked where a start of each would cost most of a life.

What is forked is a process like any other: it is killed, stopped and waited for by its id. The workers of all trials
are forked of one template; `own_processes` leads a trial as it is led by users, each process started by itself.
"""

import contextlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol, TextIO

from brewslm.adapters.engines.local import worker_environment
from brewslm.adapters.engines.templates import ForkedShim, Template, Templates, ask
from brewslm.core.wire.forking import ForkRequest
from tests.chaos.victim import main, worker_python

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "tests.chaos.victim"]


class Process(Protocol):
    """What trials use of a `subprocess.Popen`."""

    pid: int
    returncode: int | None
    stdout: TextIO
    stderr: TextIO

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def kill(self) -> None: ...
    def send_signal(self, sig: int) -> None: ...
    def communicate(self, timeout: float | None = None) -> tuple[str, str]: ...


class Forked:
    """A forked process, used as one that was started."""

    def __init__(self, process: multiprocessing.process.BaseProcess, stdout: Connection, stderr: Connection) -> None:
        assert process.pid is not None
        self._process, self.pid = process, process.pid
        self.stdout = os.fdopen(os.dup(stdout.fileno()), "r")
        self.stderr = os.fdopen(os.dup(stderr.fileno()), "r")

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return code

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        with self.stdout, self.stderr:
            said = self.stdout.read(), self.stderr.read()
        self.wait(timeout)
        return said


class Lent(Templates):
    """The template of all trials, as one of their servers uses it."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._lent = connection

    def fork(self, python: str, environment: Mapping[str, str], request: ForkRequest) -> ForkedShim | None:
        return ask(self._lent, request)


class Door:
    """Starts the commands and servers of trials."""

    def __init__(self, template: Template | None) -> None:
        """Fork them, and their workers of this template; without one start each by itself."""
        self._template = template
        self._forking = multiprocessing.get_context("forkserver")
        self._forking.set_forkserver_preload(["tests.chaos.warm"])

    def start(self, words: Sequence[str], environment: Mapping[str, str]) -> Process:
        """Start a command, or a server."""
        if self._template is None:
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            return subprocess.Popen([*COMMAND, *words], **pipes, text=True, env=environment, cwd=ROOT)  # type: ignore[call-overload,no-any-return]
        (stdout, its_stdout), (stderr, its_stderr) = (
            multiprocessing.Pipe(duplex=False),
            multiprocessing.Pipe(duplex=False),
        )
        arguments = (list(words), dict(environment), self._template.connection, its_stdout, its_stderr)
        process = self._forking.Process(target=_be_victim, args=arguments, daemon=True)
        process.start()
        with stdout, stderr:
            its_stdout.close()
            its_stderr.close()
            return Forked(process, stdout, stderr)


def _be_victim(
    words: list[str], environment: dict[str, str], template: socket.socket, stdout: Connection, stderr: Connection
) -> None:
    """Be a process that was started with these words."""
    os.dup2(stdout.fileno(), 1)
    os.dup2(stderr.fileno(), 2)
    stdout.close()
    stderr.close()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    sys.argv = ["brewslm", *words]
    main(words, Lent(template))


@contextlib.contextmanager
def opened_door(folder: Path, *, own_processes: bool = False) -> Iterator[Door]:
    """Open the door of trials, and close it at their end."""
    if own_processes:
        yield Door(None)
        return
    template = Template(str(worker_python(folder)), worker_environment(os.environ, 1), idle_seconds=3600.0)
    try:
        yield Door(template)
        assert template.is_alive(), "the template of all trials died"
    finally:
        template.end()
