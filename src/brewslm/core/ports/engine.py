"""What brings workers to life."""

from pathlib import Path
from typing import Literal, Protocol

from brewslm.core.value import Value


class WorkerStatus(Value):
    """What the run directory says about the newest attempt."""

    state: Literal["absent", "waiting", "alive", "ended", "lost"]
    """absent: never started; waiting: a cluster has taken it and has not begun it; alive: its lock is held, or the
    cluster says so; ended: `exit.json` is there; lost: none of these."""
    attempt: int
    """0 where absent."""
    exit_code: int | None = None
    signal: int | None = None
    is_out_of_memory: bool = False
    """Whether the kernel killed it for want of memory."""
    waits_for: str = ""
    """Why a cluster has not begun it, in the cluster's words; of one that is lost, what the cluster calls its end."""

    @property
    def is_open(self) -> bool:
        """Whether the attempt waits or lives."""
        return self.state in {"waiting", "alive"}


class Released(Value):
    """What the end of a worker gave back."""

    num_processes: int
    """Processes of the attempt that were there before, and are gone."""
    memory_bytes: int
    """What these had in memory."""
    is_killed: bool = False
    """Whether SIGKILL was needed."""
    num_left: int = 0
    """Processes that did not end, even by SIGKILL."""


class Engine(Protocol):
    """Runs the one worker command for a run directory that holds an `order.json`."""

    def submit(self, run_directory: Path, *, attempt: int) -> None:
        """Start attempt number `attempt` (from 1). Does nothing if an attempt waits or lives.

        Raises:
            WorkerError: the process could not be started.
        """

    def status(self, run_directory: Path) -> WorkerStatus:
        """Read what is known; never blocks."""

    def cancel(self, run_directory: Path, *, grace_seconds: float) -> Released:
        """Ask politely, wait up to `grace_seconds`, then end the whole process group and wait for its end.

        Whatever the attempt has started and left behind is ended as well.
        """

    def processor_seconds(self, run_directory: Path) -> float | None:
        """Return the processor time of the living worker so far; None where it cannot be known."""

    def kill(self, run_directory: Path) -> None:
        """End a worker that does not get on: have it write its stacks into its log, then end the whole group."""
