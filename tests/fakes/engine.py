"""An engine that plays a worker inside the test's process."""

import threading
from collections.abc import Callable
from pathlib import Path

from brewslm.core.ports.engine import Released, WorkerStatus

Play = Callable[[Path, int], int | None]
"""Given the run directory and the attempt: do a worker's work there and return its exit code; None stays alive."""


class WorkerVanished(Exception):
    """Raised by a play: the worker is gone without a word."""


class FakeEngine:
    """Implements `Engine`. `submit` plays the whole worker at once."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._guard = threading.Lock()
        self._statuses: dict[Path, WorkerStatus] = {}
        self.submitted: list[tuple[Path, int]] = []
        self.cancelled: list[Path] = []
        self.killed: list[Path] = []
        self.seconds: float | None = None
        """Processor time of every living worker."""

    def submit(self, run_directory: Path, *, attempt: int) -> None:
        with self._guard:
            before = self.status(run_directory)
            if before.state == "alive" or before.attempt >= attempt:
                return
            self.submitted.append((run_directory, attempt))
            self._set(run_directory, WorkerStatus(state="alive", attempt=attempt))
        try:
            code = self._play(run_directory, attempt)
        except WorkerVanished:
            self._set(run_directory, WorkerStatus(state="lost", attempt=attempt))
            return
        if code is None:
            self._set(run_directory, WorkerStatus(state="alive", attempt=attempt))
        else:
            self._set(run_directory, WorkerStatus(state="ended", attempt=attempt, exit_code=code))

    def status(self, run_directory: Path) -> WorkerStatus:
        return self._statuses.get(run_directory, WorkerStatus(state="absent", attempt=0))

    def cancel(self, run_directory: Path, *, grace_seconds: float) -> Released:
        self.cancelled.append(run_directory)
        status = self.status(run_directory)
        if status.state != "alive":
            return Released(num_processes=0, memory_bytes=0)
        self._set(run_directory, WorkerStatus(state="ended", attempt=status.attempt, signal=15))
        return Released(num_processes=1, memory_bytes=1_000_000, is_killed=True)

    def processor_seconds(self, run_directory: Path) -> float | None:
        return self.seconds if self.status(run_directory).state == "alive" else None

    def kill(self, run_directory: Path) -> None:
        status = self.status(run_directory)
        if status.state == "alive":
            self.killed.append(run_directory)
            self._set(run_directory, WorkerStatus(state="ended", attempt=status.attempt, signal=9))

    def end(self, run_directory: Path, exit_code: int) -> None:
        """Let a worker that stayed alive end."""
        status = self.status(run_directory)
        self._set(run_directory, WorkerStatus(state="ended", attempt=status.attempt, exit_code=exit_code))

    def _set(self, run_directory: Path, status: WorkerStatus) -> None:
        self._statuses[run_directory] = status
