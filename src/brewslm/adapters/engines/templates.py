"""Templates as the engine uses them: started when a worker is first wanted, asked for each, and given up when in doubt.

A template serves this process alone, through a connection that has no name: it ends when this process does. Whatever
is the matter with it, workers start as they would without one.
"""

import hashlib
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from brewslm.adapters.engines.shim import EXIT_LOCK_TAKEN
from brewslm.core.wire.forking import MARK, READY, ROOM_BYTES, ForkRequest

log = logging.getLogger(__name__)

IS_POSSIBLE = sys.platform == "linux" and hasattr(os, "pidfd_open")
IDLE_SECONDS = 300.0
"""After so long without a request a template gives its memory back."""
LOAD_SECONDS = 120.0
"""What loading the libraries may take; on two busy cores it was ten seconds."""
FORK_SECONDS = 10.0


class ForkedShim:
    """A shim that a template has forked, asked as a `subprocess.Popen` is."""

    def __init__(self, pid: int, end: IO[bytes], stderr: IO[bytes]) -> None:
        """Keep what tells of it: `end` gives its exit code in one line, and nothing where the template died before."""
        self.pid = pid
        self.stderr = stderr
        self.returncode: int | None = None
        self._end = end
        try:
            self._process: IO[bytes] | None = os.fdopen(os.pidfd_open(pid), "rb", 0)
        except ProcessLookupError:
            self._process = None

    def poll(self) -> int | None:
        """Return the exit code where it has ended, without waiting."""
        if self.returncode is None and (self._process is None or _has_word(self._process, 0.0)):
            self._bury()
        return self.returncode

    def wait(self) -> int:
        """Wait for its end, and return the exit code."""
        if self.returncode is None:
            if self._process is not None:
                _has_word(self._process, None)
            self._bury()
        return self.returncode or 0

    def kill(self) -> None:
        """End it."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def _bury(self) -> None:
        """Take in the exit code; one that nobody can tell any more is that of a shim that found another at work.

        So whoever asks looks again, and starts a worker where there is none.
        """
        word = self._end.readline()
        self.returncode = int(word) if word else EXIT_LOCK_TAKEN


class Templates:
    """The templates of this process, one for each interpreter and environment, however many engines there are."""

    def __init__(self, *, idle_seconds: float = IDLE_SECONDS) -> None:
        """Start none yet."""
        self._idle_seconds = idle_seconds
        self._known: dict[str, Template | None] = {}
        self._guard = threading.Lock()

    def fork(self, python: str, environment: Mapping[str, str], request: ForkRequest) -> ForkedShim | None:
        """Return the shim of a new worker; None where none was forked, so that it is to be started as ever.

        Args:
            python: the interpreter that has the training libraries.
            environment: the one of workers, but for what the request changes.
            request: what is wanted.
        """
        if not IS_POSSIBLE or sum(len(word.encode()) + 1 for word in request.worker) >= ROOM_BYTES:
            return None
        key = hashlib.sha256(repr((python, sorted(environment.items()))).encode()).hexdigest()
        with self._guard:
            template = self._template(key, python, environment)
        if template is None:
            return None
        try:
            return ask(template.connection, request)
        except (OSError, ValueError) as error:
            template.end()
            log.warning("a worker is started without a template, which did not answer: %s", error)
            return None

    def reap(self) -> None:
        """Collect those that have ended."""
        for template in list(self._known.values()):
            if template is not None:
                template.is_alive()

    def end(self) -> None:
        """End them all; the workers that they have forked live on."""
        with self._guard:
            known, self._known = self._known, {}
        for template in known.values():
            if template is not None:
                template.end()

    def _template(self, key: str, python: str, environment: Mapping[str, str]) -> "Template | None":
        """Return a template that can be asked: the one there is, or a new one where that has ended or is out of date.

        One that could not be used is not tried again in this process.
        """
        known = self._known.get(key)
        if key in self._known and (known is None or known.is_fresh()):
            return known
        if known is not None:
            known.end()
        try:
            self._known[key] = Template(python, environment, self._idle_seconds)
        except (OSError, ValueError) as error:
            self._known[key] = None
            log.warning("workers are started without a template: %s", error)
        return self._known[key]


class Template:
    """A running template."""

    def __init__(self, python: str, environment: Mapping[str, str], idle_seconds: float) -> None:
        """Start it, and wait until it can be asked.

        Raises:
            OSError: it did not start.
            ValueError: it is not fit to be forked; says why.
        """
        self._code = _code_on_disk()
        self.connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [python, "-P", "-m", "brewslm.worker.template", str(theirs.fileno()), str(idle_seconds)]
            self._process = subprocess.Popen(
                [*command, " " * ROOM_BYTES],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env={**environment, MARK: " " * ROOM_BYTES},
                pass_fds=(theirs.fileno(),),
            )
        self.connection.settimeout(LOAD_SECONDS)
        try:
            said = self.connection.recv(ROOM_BYTES)
        except OSError:
            self.end()
            raise
        if said != READY:
            self.end()
            raise ValueError(said.decode(errors="replace") or "it ended while it loaded the libraries")

    def is_alive(self) -> bool:
        """Whether it lives; one that has ended is collected."""
        return self._process.poll() is None

    def is_fresh(self) -> bool:
        """Whether it lives, and has loaded the code that a new process would load."""
        return self.is_alive() and self._code == _code_on_disk()

    def end(self) -> None:
        """End it, whatever it does."""
        self.connection.close()
        self._process.kill()
        self._process.wait()


def ask(connection: socket.socket, request: ForkRequest) -> ForkedShim:
    """Have the template at the other end fork a worker.

    Raises:
        OSError: it has ended, or does not answer.
        ValueError: the same, in the middle of an answer.
    """
    (errors, its_errors), (end, its_end) = os.pipe(), os.pipe()
    stderr, told = os.fdopen(errors, "rb", 0), os.fdopen(end, "rb", 0)
    try:
        socket.send_fds(connection, [request.model_dump_json().encode()], [its_errors, its_end])
    finally:
        os.close(its_errors)
        os.close(its_end)
    if not _has_word(told, FORK_SECONDS):
        message = f"nothing came within {FORK_SECONDS:g} s"
        raise TimeoutError(message)
    return ForkedShim(int(told.readline()), told, stderr)


def _has_word(file: IO[bytes], seconds: float | None) -> bool:
    return bool(select.select([file], [], [], seconds)[0])


def _code_on_disk() -> str:
    """Return what changes when a new process would load other code than a running one has loaded."""
    own = Path(__file__).parents[2]
    files = [path for room in ("core", "worker") for path in sorted((own / room).rglob("*.py"))]
    places = [Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")]
    seen = hashlib.sha256()
    for path in [*files, *places]:
        found = path.stat()
        seen.update(f"{path}\n{found.st_mtime_ns} {found.st_size}\n".encode())
    return seen.hexdigest()
