"""What a container allows: limits of memory and processor time, read from control groups of version 1 and 2."""

import math
from dataclasses import dataclass
from pathlib import Path

_UNLIMITED_BYTES = 1 << 60
"""Version 1 spells "no limit" as a number near 2**63."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the tightest of the groups allows; None where nothing is limited."""

    memory_bytes: int | None = None
    memory_used_bytes: int | None = None
    """What counts against that limit; page cache that can be dropped is left out."""
    num_cores: int | None = None


def read_limits(root: Path = Path("/")) -> Limits:
    """Read the limits of this process. A file that is missing or odd limits nothing."""
    memory: list[tuple[int, int]] = []
    cores: list[int] = []
    for folder, version in _groups(root):
        names = _MEMORY_FILES[version]
        limit = _number(folder / names[0])
        if limit is not None and limit < _UNLIMITED_BYTES:
            used = (_number(folder / names[1]) or 0) - _statistic(folder / "memory.stat", names[2])
            memory.append((limit, max(used, 0)))
        quota = _quota(folder, version)
        if quota is not None:
            cores.append(quota)
    tightest = min(memory, default=None)
    return Limits(
        memory_bytes=tightest[0] if tightest else None,
        memory_used_bytes=tightest[1] if tightest else None,
        num_cores=min(cores, default=None),
    )


_MEMORY_FILES = {
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    2: ("memory.max", "memory.current", "inactive_file"),
}


def _groups(root: Path) -> list[tuple[Path, int]]:
    """List the folders of the groups that hold this process and of their ancestors, with their version."""
    found = []
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        mounts = [(root / "sys/fs/cgroup", 2)] if not controllers else []
        mounts += [(root / "sys/fs/cgroup" / name, 1) for name in {"memory", "cpu"} & set(controllers.split(","))]
        for mount, version in mounts:
            here = mount / path.strip("/")
            while here != mount and mount in here.parents:
                found.append((here, version))
                here = here.parent
            found.append((mount, version))
    return found


def _quota(folder: Path, version: int) -> int | None:
    if version == 1:
        quota, period = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
    else:
        parts = [*_text(folder / "cpu.max").split(), "", ""][:2]
        quota, period = (int(part) if part.isdigit() else None for part in parts)
    return max(1, math.ceil(quota / period)) if quota and period and quota > 0 else None


def _statistic(path: Path, name: str) -> int:
    for line in _text(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.strip().isdigit():
            return int(value)
    return 0


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.lstrip("-").isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
