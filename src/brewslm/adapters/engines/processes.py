"""The processes of one attempt, by identity: an id that another process got later is not one of them."""

from dataclasses import dataclass
from typing import Self

import psutil


@dataclass(frozen=True, slots=True)
class Processes:
    """Some processes as they were at one moment."""

    all: tuple[psutil.Process, ...]
    memory_bytes: int = 0
    """Resident, all together."""

    @classmethod
    def under(cls, pid: int) -> Self:
        """Look at what the process has started, and what that has started, without the process itself."""
        try:
            found = tuple(psutil.Process(pid).children(recursive=True))
        except psutil.Error:
            found = ()
        return cls(found, sum(map(_resident_bytes, found)))

    def end(self, *, within_seconds: float) -> int:
        """Kill those that are still there; return how many do not end."""
        for process in self.all:
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                _kill(process)
        _, alive = psutil.wait_procs(list(self.all), timeout=within_seconds)
        return len(alive)


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.Error:
        return
