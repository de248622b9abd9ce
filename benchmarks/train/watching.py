"""Follows a process while it trains: the line of each step, the memory of its tree, and what others took meanwhile."""

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

POLL_SECONDS = 0.1
MEMORY_EVERY = 2.0
"""Peaks are kept by the kernel, so that looking seldom misses only processes that live shortly."""


@dataclass
class Watched:
    """What was seen of a run."""

    launched_at: float
    lines: list[dict[str, Any]] = field(default_factory=list)
    """As the process wrote them, each with `tree_cpu` and `machine_cpu` beside it, in seconds, when it was seen."""
    peak_bytes: int = 0
    """Largest sum of the peaks of processes that lived at the same time."""
    exit_code: int | None = None
    """None where the time was over."""


def watch(command: list[str], *, cwd: Path, environment: dict[str, str], lines: Path, limit_seconds: float) -> Watched:
    """Run a command until it ends, reading what it appends to the file `lines`; its output goes to `cwd/output.log`."""
    with (cwd / "output.log").open("wb") as output:
        watched = Watched(time.time())
        process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        tree = psutil.Process(process.pid)
        memory_at = 0.0
        while process.poll() is None:
            time.sleep(POLL_SECONDS)
            _read_new(lines, watched, tree)
            if time.time() - memory_at > MEMORY_EVERY:
                watched.peak_bytes = max(watched.peak_bytes, peak_of(tree))
                memory_at = time.time()
            if time.time() - watched.launched_at > limit_seconds:
                for child in [*tree.children(recursive=True), tree]:
                    child.kill()
                process.wait()
                return watched
        _read_new(lines, watched, None)
        watched.exit_code = process.returncode
    return watched


def _read_new(path: Path, watched: Watched, tree: psutil.Process | None) -> None:
    if not path.exists():
        return
    new = path.read_bytes().split(b"\n")[:-1][len(watched.lines) :]
    if new:
        seen = {"tree_cpu": cpu_of(tree), "machine_cpu": machine_cpu()}
        watched.lines.extend(json.loads(line) | seen for line in new)


def cpu_of(tree: psutil.Process | None) -> float | None:
    """Processor seconds of a process and the children that it has waited for."""
    try:
        times = tree.cpu_times() if tree else None
    except psutil.NoSuchProcess:
        return None
    return times and times.user + times.system + times.children_user + times.children_system


def machine_cpu() -> float:
    """Processor seconds that all processes together have used; also those that a hypervisor gave to others."""
    with Path("/proc/stat").open() as file:
        user, nice, system, _, _, irq, softirq, steal = (int(field) for field in file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def peak_of(tree: psutil.Process) -> int:
    """The peaks of resident memory of a process and its living children, added up."""
    total = 0
    for process in [tree, *_children(tree)]:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) * 1024
    return total


def _children(tree: psutil.Process) -> list[psutil.Process]:
    try:
        return tree.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def wait_for_quiet(limit_seconds: float, *, others: float = 0.12) -> bool:
    """Wait until all other processes together use less than `others` of a processor; whether that came about."""
    deadline = time.time() + limit_seconds
    while time.time() < deadline:
        before = machine_cpu()
        time.sleep(1.5)
        if (machine_cpu() - before) / 1.5 < others:
            return True
    return limit_seconds <= 0
