"""The processes of one training on one node of a Ray cluster: started in their places, and ended together.

How each ended lies in a folder that all nodes share, because the one that explains the end may be on another node.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from brewslm.adapters.engines import rank, shim
from brewslm.adapters.engines.ranks import GRACE_SECONDS, PEER_LOST, TYPED, explaining
from brewslm.core.wire.rundir import ExitCode

POLL_SECONDS = 0.1
BEGUN_FILE = "begun"
"""In the shared folder: a process has its place."""
STACKS_FILE = "stacks"
"""In the shared folder: asks the processes to write their stacks."""


def gang_folder(run: Path, attempt: int) -> Path:
    """Where the nodes of an attempt leave word for each other, while it lasts."""
    return run / f".gang-{attempt}"


@dataclass(frozen=True, slots=True)
class Place:
    """Of the processes of this node among all."""

    first_rank: int
    num_here: int
    num_processes: int
    address: str
    """Where the first process of all is met."""
    port: int

    def environment(self, local_rank: int) -> dict[str, str]:
        """Return what `torch.distributed` reads in one of the processes."""
        return {
            "RANK": str(self.first_rank + local_rank),
            "LOCAL_RANK": str(local_rank),
            "WORLD_SIZE": str(self.num_processes),
            "MASTER_ADDR": self.address,
            "MASTER_PORT": str(self.port),
        }


def run_here(command: list[str], place: Place, *, environment: Mapping[str, str], folder: Path) -> bool:
    """Run this node's processes to their ends; return whether all of them have done their work.

    Args:
        command: the worker's.
        place: of this node.
        environment: of each process, to which its place is added.
        folder: shared by all nodes; how each process ended is written there.

    Raises:
        OSError: a process could not be started.
    """
    started: dict[int, subprocess.Popen[bytes]] = {}
    before = shim.num_oom_kills()
    try:
        for local in range(place.num_here):
            own = {**environment, **place.environment(local)}
            started[place.first_rank + local] = _start(command, own)
        (folder / BEGUN_FILE).touch()
        noted = _stay_beside(started, place, folder, before)
        for number in started.keys() - noted:
            _note(folder, number, PEER_LOST)
    finally:
        for process in started.values():
            _end(process)
    return all(process.returncode == 0 for process in started.values())


def _start(command: list[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-S", "-E", "-s", str(Path(rank.__file__)), str(os.getpid()), *command],
        stdin=subprocess.PIPE,
        env=dict(environment),
        process_group=0,
    )


def _stay_beside(started: Mapping[int, "subprocess.Popen[bytes]"], place: Place, folder: Path, before: int) -> set[int]:
    """Wait until all have ended, not for long once one has failed, here or elsewhere; return those that have."""
    noted: set[int] = set()
    failed_at: float | None = None
    is_asked = False
    while True:
        for number, process in started.items():
            if number not in noted and process.poll() is not None:
                _note(folder, number, _code_of(process.returncode, is_out_of_memory=shim.num_oom_kills() > before))
                noted.add(number)
        ends = ends_in(folder)
        has_failed = any(ends.values())
        if len(noted) == len(started) and (not has_failed or len(ends) >= place.num_processes):
            return noted
        if has_failed:
            failed_at = failed_at or time.monotonic()
            if time.monotonic() >= failed_at + GRACE_SECONDS:
                return noted
        if not is_asked and (folder / STACKS_FILE).exists():
            is_asked = True
            _send(started, signal.SIGUSR1)
        time.sleep(POLL_SECONDS)


def _send(started: Mapping[int, "subprocess.Popen[bytes]"], number: signal.Signals) -> None:
    for process in started.values():
        if process.poll() is None:
            process.send_signal(number)


def _code_of(returncode: int, *, is_out_of_memory: bool) -> int:
    """Return how a process ended; one that the kernel killed for want of memory is as one that ran out of it."""
    return ExitCode.OUT_OF_MEMORY if returncode == -signal.SIGKILL and is_out_of_memory else returncode


def _note(folder: Path, number: int, code: int) -> None:
    temporary = folder / f".end-{number}"
    with contextlib.suppress(OSError):  # a full disk: the end is then told by fewer
        temporary.write_text(str(int(code)), encoding="ascii")
        temporary.replace(folder / f"end-{number}")


def ends_in(folder: Path) -> dict[int, int]:
    """Return how processes ended, by their ranks, as far as is known; a signal is negative."""
    found = {}
    for path in folder.glob("end-*"):
        with contextlib.suppress(OSError, ValueError):
            found[int(path.name.removeprefix("end-"))] = int(path.read_text(encoding="ascii"))
    return found


def explained(ends: Mapping[int, int], num_processes: int) -> int:
    """Return the end that explains how the whole ended; where one process says nothing, its node is gone: a kill."""
    told = explaining([ends[number] for number in sorted(ends)])
    if told in TYPED or told < 0 or len(ends) >= num_processes:
        return told
    return -signal.SIGKILL


def _end(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
