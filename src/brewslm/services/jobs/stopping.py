"""Stopping a living worker because somebody asked for it, and saying what was done."""

from pathlib import Path

from brewslm.core.errors import CancelledError
from brewslm.core.job import Job
from brewslm.core.ports.clock import Clock
from brewslm.core.ports.engine import Engine, Released
from brewslm.core.wire.result import Result, TrainResult
from brewslm.core.wire.rundir import CONTROL_FOLDER, PAUSE_FILE
from brewslm.services.jobs.files import write_whole

CANCEL_GRACE_SECONDS = 10.0
PAUSE_GRACE_SECONDS, STEPS_OF_GRACE = 60.0, 10.0
"""How long a worker gets to reach the end of a step and save: the longer of the two."""


class PauseRequest:
    """A worker is asked for a checkpoint and its end; one that does not answer is ended without."""

    def __init__(self, clock: Clock, engine: Engine, run_directory: Path) -> None:
        """Ask nothing yet."""
        self._clock, self._engine, self._directory = clock, engine, run_directory
        self._file = run_directory / CONTROL_FOLDER / PAUSE_FILE
        self._asked_at: float | None = None

    def press(self, *, step_seconds: float | None) -> None:
        """Ask, or ask again: an attempt that begins clears what was asked before it. In the end, kill."""
        now = self._clock.monotonic()
        if self._asked_at is None:
            self._asked_at = now
        if now - self._asked_at > max(PAUSE_GRACE_SECONDS, STEPS_OF_GRACE * (step_seconds or 0.0)):
            self._engine.kill(self._directory)
        elif not self._file.exists():
            self._file.parent.mkdir(exist_ok=True)
            write_whole(self._file, "")

    def withdraw(self) -> None:
        """Let the worker go on, if it has not seen the request yet."""
        if self._asked_at is not None:
            self._asked_at = None
            self._file.unlink(missing_ok=True)


def cancelled(job: Job, result: Result | None, released: Released | None) -> CancelledError:
    """Say what was done about a job that somebody cancelled."""
    words = f"job {job.id} was cancelled"
    if isinstance(result, TrainResult):
        words += f": its training saved a checkpoint at step {result.last_step} and ended"
    elif released is not None and released.is_killed:
        words += f": its worker did not end within {CANCEL_GRACE_SECONDS:.0f} s and was killed"
    elif released is not None:
        words += ": its worker ended"
    if released is not None and released.num_processes:
        plural = "process has" if released.num_processes == 1 else "processes have"
        words += f"; {released.num_processes} {plural} ended and gave {released.memory_bytes / 1e6:,.0f} MB back"
    if released is not None and released.num_left:
        words += f", {released.num_left} did not end, even by SIGKILL"
    return CancelledError(words)
