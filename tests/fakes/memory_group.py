"""A control group of the kernel with little memory, as containers and service managers give it to what they start."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class MemoryGroup:
    """One of them."""

    folder: Path

    @property
    def procs(self) -> Path:
        """The file into which a process writes its id to join."""
        return self.folder / "cgroup.procs"

    def num_kills(self) -> int:
        """How many processes the kernel has killed in it for want of memory."""
        for name in ("memory.oom_control", "memory.events"):
            with suppress(FileNotFoundError):
                lines = (self.folder / name).read_text(encoding="ascii").splitlines()
                return int(dict(line.split() for line in lines)["oom_kill"])
        raise AssertionError(f"{self.folder} counts no kills")


@contextmanager
def memory_group(limit_bytes: int) -> Iterator[MemoryGroup]:
    """Make one; the test is skipped where that is not permitted."""
    name, groups = f"brewslm-{uuid.uuid4().hex[:8]}", Path("/proc/self/cgroup").read_text(encoding="ascii")
    of = {kind: path.lstrip("/") for _, kind, path in (line.split(":", 2) for line in groups.splitlines())}
    if "memory" in of:  # version 1
        folder, limits = ROOT / "memory" / of["memory"] / name, ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes")
    else:
        folder, limits = ROOT / of.get("", "") / name, ("memory.max", "memory.swap.max")
    try:
        folder.mkdir()
        (folder / limits[0]).write_text(str(limit_bytes))
    except OSError as error:
        with suppress(OSError):
            folder.rmdir()
        pytest.skip(f"no control group with a limit of memory can be made here: {error}")
    with suppress(OSError):  # where there is no swap, there is nothing to limit
        (folder / limits[1]).write_text(str(limit_bytes if "memory" in of else 0))
    try:
        yield MemoryGroup(folder)
    finally:
        for process in MemoryGroup(folder).procs.read_text(encoding="ascii").split():
            with suppress(ProcessLookupError):
                os.kill(int(process), 9)
        folder.rmdir()
