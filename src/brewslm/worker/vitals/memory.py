"""What the control groups of this process allow of memory (Linux, version 1 and 2)."""

from functools import cache
from pathlib import Path

_UNLIMITED_BYTES = 1 << 60
"""Version 1 spells "no limit" as a number near 2**63."""
_FILES = {
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", b"total_inactive_file"),
    2: ("memory.max", "memory.current", b"inactive_file"),
}


def group_memory(root: Path = Path("/")) -> list[tuple[int, int]]:
    """Return used and allowed bytes of each group that limits memory; page cache that can be dropped is left out."""
    found = []
    for folder, version in _limited_groups(root):
        limit_file, used_file, droppable = _FILES[version]
        limit, used = _number(folder / limit_file), _number(folder / used_file)
        if limit is not None and used is not None and limit < _UNLIMITED_BYTES:
            found.append((max(0, used - _statistic(folder / "memory.stat", droppable)), limit))
    return found


@cache
def _limited_groups(root: Path) -> list[tuple[Path, int]]:
    """List the groups of this process and their ancestors that have a limit; asked once."""
    found = []
    for line in _content(root / "proc/self/cgroup").decode(errors="replace").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if not controllers:
            version, mount = 2, root / "sys/fs/cgroup"
        elif "memory" in controllers.split(","):
            version, mount = 1, root / "sys/fs/cgroup/memory"
        else:
            continue
        here = mount / path.strip("/")
        for folder in (here, *here.parents):
            limit = _number(folder / _FILES[version][0])
            if limit is not None and limit < _UNLIMITED_BYTES:
                found.append((folder, version))
            if folder == mount:
                break
    return found


def _statistic(path: Path, name: bytes) -> int:
    for line in _content(path).splitlines():
        key, _, value = line.partition(b" ")
        if key == name and value.strip().isdigit():
            return int(value)
    return 0


def _number(path: Path) -> int | None:
    text = _content(path).strip()
    return int(text) if text.isdigit() else None


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
