"""What the machine is like beside a training: read at most once a second, for some hundred microseconds."""

import os
import resource
import time
from pathlib import Path
from typing import Protocol

import psutil

from brewslm.core.wire.progress import Vitals
from brewslm.worker.vitals.memory import group_memory

EVERY_SECONDS = 1.0
_SCHEDSTAT = Path("/proc/thread-self/schedstat")
"""Nanoseconds on the processor, nanoseconds in which it waited for its turn, number of turns (Linux)."""


class Device(Protocol):
    """A GPU that says how it is."""

    def read(self) -> dict[str, object]:
        """Return fields of `Vitals` that it knows."""


class VitalSigns:
    """Measures between two records. Made and asked by the thread that trains."""

    def __init__(self, folder: Path, device: Device | None = None) -> None:
        """Begin now; `folder` is where checkpoints are written."""
        self._folder, self._device = folder, device
        self._waited = 0.0
        self._began = self._clocks()

    def waited(self, seconds: float) -> None:
        """Take in how long a step waited for its examples."""
        self._waited += seconds

    def sample(self) -> Vitals | None:
        """Return what was measured since the last one; None where that is less than a second ago."""
        now = self._clocks()
        span = now[0] - self._began[0]
        if span < EVERY_SECONDS:
            return None
        working, computing = now[1] - self._began[1], now[2] - self._began[2]
        memory_bytes, memory_limit_bytes = _scarcest()
        of_machine: dict[str, object] = {
            "utilisation": round(min(1.0, working / span), 4),
            "num_cores_used": round(computing / span, 3),
            "data_wait": round(min(1.0, self._waited / span), 4),
            "memory_bytes": memory_bytes,
            "memory_limit_bytes": memory_limit_bytes,
            "disk_free_bytes": _free_bytes(self._folder),
        }
        self._began, self._waited = now, 0.0
        return Vitals.model_validate(of_machine | (self._device.read() if self._device is not None else {}))

    @staticmethod
    def _clocks() -> tuple[float, float, float]:
        """Return wall time, this thread's time on or before the processor, and the process's time on it, in seconds."""
        return time.monotonic(), time.thread_time() + _queued_seconds(), time.process_time()


def _queued_seconds() -> float:
    """Return how long this thread has waited for its turn: on a busy machine that is not idleness."""
    try:
        return int(_SCHEDSTAT.read_bytes().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def _scarcest() -> tuple[int, int]:
    """Return used and available bytes of what will run out first: machine, control group, or address space."""
    memory = psutil.virtual_memory()
    found = [(int(memory.total - memory.available), int(memory.total)), *group_memory()]
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most != resource.RLIM_INFINITY:
        found.append((int(psutil.Process().memory_info().vms), most))
    return max(found, key=lambda pair: pair[0] / max(pair[1], 1))


def _free_bytes(folder: Path) -> int | None:
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize
