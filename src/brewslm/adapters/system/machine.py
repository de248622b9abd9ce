"""The machine, seen without torch."""

import importlib.metadata
import os
import platform
import shutil
import subprocess
from pathlib import Path

import psutil

from brewslm.adapters.system.cgroup import read_limits
from brewslm.core.ports.machine import MachineFacts

_BFLOAT16_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})
_DRIVER_TIMEOUT_SECONDS = 10.0


class SystemMachine:
    """Implements `core.ports.machine.Machine`. Memory is read anew each time; GPUs and CPU flags once."""

    def __init__(self, root: Path = Path("/"), *, visible_gpus: str | None = None) -> None:
        """Look under `root`.

        Args:
            root: of the file system.
            visible_gpus: the value of `CUDA_VISIBLE_DEVICES`, where it is set: other GPUs are not ours.
        """
        self._root = root
        self._visible_gpus = visible_gpus
        self._gpus: tuple[str, ...] | None = None

    def facts(self) -> MachineFacts:
        """Cores, memory, GPUs; what a container allows counts, not what the host has."""
        limits = read_limits(self._root)
        memory = psutil.virtual_memory()
        total, free = int(memory.total), int(memory.available)
        if limits.memory_bytes is not None and limits.memory_bytes < total:
            total = limits.memory_bytes
            free = min(free, max(0, limits.memory_bytes - (limits.memory_used_bytes or 0)))
        cores = _usable_cores()
        if self._gpus is None:
            self._gpus = _visible(_gpu_names(), self._visible_gpus)
        return MachineFacts(
            num_cores=min(cores, limits.num_cores or cores),
            memory_bytes=total,
            free_memory_bytes=free,
            gpus=self._gpus,
            has_fast_bfloat16=bool(self._gpus) or bool(_BFLOAT16_FLAGS & _cpu_flags(self._root)),
            python=platform.python_version(),
            platform=platform.platform(),
        )

    def free_disk_bytes(self, folder: Path) -> int:
        """Free space, for this user, of the file system that holds `folder` or its nearest parent that exists."""
        here = folder.absolute()
        while not here.exists() and here != here.parent:
            here = here.parent
        return shutil.disk_usage(here).free

    def package_version(self, name: str) -> str | None:
        """Version of an installed distribution, None where it is missing; imports nothing."""
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            return None


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_flags(root: Path) -> frozenset[str]:
    try:
        text = (root / "proc/cpuinfo").read_text()
    except OSError:
        return frozenset()
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return frozenset(value.split())
    return frozenset()


def _visible(names: tuple[str, ...], visible: str | None) -> tuple[str, ...]:
    if visible is None:
        return names
    chosen = [one.strip() for one in visible.split(",") if one.strip()]
    if all(one.isdigit() for one in chosen):
        return tuple(names[int(one)] for one in chosen if int(one) < len(names))
    return names[: len(chosen)]  # by identifiers, whose names are not known: their number counts


def _gpu_names() -> tuple[str, ...]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    try:
        answer = subprocess.run(
            [program, "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=_DRIVER_TIMEOUT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in answer.stdout.splitlines() if line.strip())
