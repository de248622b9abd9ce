"""The machine, seen without torch."""

import importlib.metadata
import os
import platform
import shutil
from pathlib import Path

import psutil

from brewslm.adapters.system.cgroup import read_limits
from brewslm.adapters.system.gpus import gpu_names, gpu_states, visible
from brewslm.core.ports.machine import GpuState, MachineFacts

_BFLOAT16_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})


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
            self._gpus = visible(gpu_names(), self._visible_gpus)
        return MachineFacts(
            num_cores=min(cores, limits.num_cores or cores),
            memory_bytes=total,
            free_memory_bytes=free,
            gpus=self._gpus,
            has_fast_bfloat16=bool(self._gpus) or bool(_BFLOAT16_FLAGS & _cpu_flags(self._root)),
            python=platform.python_version(),
            platform=platform.platform(),
        )

    def gpus(self) -> tuple[GpuState, ...]:
        """The GPUs of `facts`, in its order, as they are now; empty where the driver does not answer."""
        return visible(gpu_states(), self._visible_gpus)

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
