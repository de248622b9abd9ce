"""A `brew.py` in a process of its own: nothing of the user's is ever imported here."""

import contextlib
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TypeVar

from pydantic import ValidationError

from brewslm.core.brew.talk import WORD, Broken, Defined, Reply, Word
from brewslm.core.errors import UserCodeError

LOAD_SECONDS = 60.0
END_SECONDS = 2.0
MAX_LINES = 1000
"""Printed lines that are kept; a program that prints more than is shown waits."""
MAX_LINE = 4096
_SECRETS = frozenset({"BREWSLM_TOKEN", "BREWSLM_DATABASE_URL", "PGPASSWORD"})

ItemT = TypeVar("ItemT")


class UserProcess:
    """Implements the `UserCode` port."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket, file: Path, seconds: float) -> None:
        """Listen to a process that was just started."""
        self._process = process
        self._channel = channel
        self._file = file
        self._seconds = seconds
        self._words: queue.Queue[Word | None] = queue.Queue()
        self._lines: queue.Queue[str] = queue.Queue(MAX_LINES)
        self._is_over = False
        self._telling = threading.Lock()
        threading.Thread(target=self._hear, name="user-code", daemon=True).start()
        if process.stdout is not None:
            threading.Thread(target=self._read, args=(process.stdout,), name="user-prints", daemon=True).start()

    def opening(self) -> Defined | Broken:
        """Wait until the file is loaded, and return what it says."""
        try:
            word = self._words.get(timeout=self._seconds)
        except queue.Empty:
            return Broken(
                error=f"{self._file.name} was not loaded within {self._seconds:g} s; keep what takes long out"
            )
        if isinstance(word, Defined | Broken):
            return word
        return Broken(error=f"{self._file.name}: its process ended while the file was loaded ({self._ending()})")

    def tell(self, reply: Reply) -> None:
        """Say something to it; nothing happens where it has ended."""
        with contextlib.suppress(OSError), self._telling:
            self._channel.sendall(reply.model_dump_json().encode() + b"\n")

    def heard(self) -> tuple[Word, ...]:
        """Return what it has said since the last call; never blocks.

        Raises:
            UserCodeError: it has ended, and nothing more will come.
        """
        words = [word for word in _emptied(self._words) if self._take(word)]
        if self._is_over and not words:
            message = f"the process of {self._file.name} has ended ({self._ending()}); no callback runs any more"
            raise UserCodeError(message)
        return tuple(word for word in words if word is not None)

    def printed(self) -> tuple[str, ...]:
        """Return the lines that the user's code has printed since the last call; never blocks."""
        return tuple(_emptied(self._lines))

    def end(self) -> None:
        """Hang up: the process ends by itself, or is ended."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        self._channel.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _take(self, word: Word | None) -> bool:
        self._is_over = self._is_over or word is None
        return word is not None

    def _hear(self) -> None:
        with contextlib.suppress(OSError, ValidationError), self._channel.makefile("rb") as stream:
            for line in stream:
                self._words.put(WORD.validate_json(line))
        self._words.put(None)

    def _read(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := stream.readline(MAX_LINE):
                self._lines.put(line.decode(errors="replace").rstrip("\r\n"))

    def _ending(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(END_SECONDS)
            return f"signal {-code}" if code < 0 else f"exit code {code}"
        return "it does not answer"


class ProcessCodeLoader:
    """Implements the `CodeLoader` port: `python -m brewslm.sdk.host FILE CHANNEL`."""

    def __init__(self, *, environment: Mapping[str, str], seconds: float = LOAD_SECONDS) -> None:
        """Keep what the processes are started with; the server's token is not theirs to know."""
        self._environment = {name: value for name, value in environment.items() if name not in _SECRETS}
        self._seconds = seconds

    @contextlib.contextmanager
    def load(self, file: Path, *, is_printing: bool) -> Iterator[UserProcess]:
        """Start a process on a `brew.py`; it ends with the block."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "brewslm.sdk.host", str(file), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if is_printing else subprocess.DEVNULL,
                stderr=subprocess.STDOUT if is_printing else subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C is for us; it hears of our end by the channel
                env={**self._environment, "PYTHONUNBUFFERED": "1"},
                cwd=file.parent,
            )
        code = UserProcess(process, ours, file, self._seconds)
        try:
            yield code
        finally:
            code.end()


def _emptied(items: "queue.Queue[ItemT]") -> list[ItemT]:
    found = []
    with contextlib.suppress(queue.Empty):
        while True:
            found.append(items.get_nowait())
    return found
