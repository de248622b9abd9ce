"""The pulse: that a worker gets on, for whoever watches it. A worker that beats no more hangs."""

import contextlib
import os
import time
from pathlib import Path
from typing import Literal

from brewslm.core.wire.rundir import PULSE_FILE

Phase = Literal["starting", "training", "evaluating", "saving"]
EVERY_SECONDS = 0.5


class Pulse:
    """Rewrites `pulse` in the run directory, at most twice a second; one that was not opened does nothing.

    There is one in a process: what computes beats it, however deep below the loop.
    """

    def __init__(self) -> None:
        """Begin without a file."""
        self._file: int | None = None
        self._phase: Phase = "starting"
        self._num_beats = 0
        self._next_at = 0.0

    def open(self, folder: Path) -> None:
        """Beat in this run directory from now on."""
        self._file = os.open(folder / PULSE_FILE, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.enter("starting")

    def enter(self, phase: Phase) -> None:
        """Say what is done from now on; each phase may take its own time."""
        self._phase, self._next_at = phase, 0.0
        self.beat()

    def beat(self, _share: float = 0.0) -> None:
        """Say that something has been done; what share of it, is for others."""
        if self._file is None or (now := time.monotonic()) < self._next_at:
            return
        self._next_at = now + EVERY_SECONDS
        self._num_beats += 1
        with contextlib.suppress(OSError):  # a full disk is for those to tell who write what counts
            os.pwrite(self._file, f"{self._phase:<10} {self._num_beats:>12}\n".encode(), 0)


PULSE = Pulse()
