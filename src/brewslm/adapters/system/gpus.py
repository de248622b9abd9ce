"""GPUs, as the driver's own program tells of them; nothing of CUDA is loaded."""

import shutil
import subprocess
from collections.abc import Sequence
from typing import TypeVar

import psutil

from brewslm.core.ports.machine import GpuProcess, GpuState

_TIMEOUT_SECONDS = 10.0
_MIB = 1 << 20
_WORKER = "brewslm.worker"

GpuT = TypeVar("GpuT")


def gpu_names() -> tuple[str, ...]:
    """Return the names of all GPUs; nothing where there is no driver, or it fails."""
    return tuple(cells[0] for cells in _ask("gpu=name") if cells[0])


def gpu_states() -> tuple[GpuState, ...]:
    """Return how all GPUs are now; nothing where there is no driver, or it fails."""
    rows = [cells for cells in _ask("gpu=uuid,name,memory.total,memory.used") if len(cells) == 4]
    processes: dict[str, list[GpuProcess]] = {}
    for cells in _ask("compute-apps=gpu_uuid,pid,used_memory") if rows else []:
        if len(cells) == 3 and cells[1].isdigit():
            processes.setdefault(cells[0], []).append(_process(int(cells[1]), _bytes(cells[2])))
    return tuple(
        GpuState(name=name, memory_bytes=total, used_bytes=_bytes(used) or 0, processes=tuple(processes.get(uuid, ())))
        for uuid, name, memory, used in rows
        if (total := _bytes(memory)) is not None
    )


def visible(gpus: Sequence[GpuT], chosen: str | None) -> tuple[GpuT, ...]:
    """Return those that `CUDA_VISIBLE_DEVICES` leaves, in its order; all where it is not set."""
    if chosen is None:
        return tuple(gpus)
    names = [one.strip() for one in chosen.split(",") if one.strip()]
    if all(one.isdigit() for one in names):
        return tuple(gpus[int(one)] for one in names if int(one) < len(gpus))
    return tuple(gpus[: len(names)])  # by identifiers, whose order is not known: their number counts


def _ask(query: str) -> list[list[str]]:
    """Return the cells of the driver's answer, line by line."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        answer = subprocess.run(
            [program, f"--query-{query}", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [[cell.strip() for cell in line.split(",")] for line in answer.stdout.splitlines() if line.strip()]


def _bytes(mebibytes: str) -> int | None:
    return int(mebibytes) * _MIB if mebibytes.isdigit() else None


def _process(pid: int, memory_bytes: int | None) -> GpuProcess:
    try:
        is_worker = _WORKER in psutil.Process(pid).cmdline()
    except psutil.Error:
        is_worker = False
    return GpuProcess(pid=pid, memory_bytes=memory_bytes, is_worker=is_worker)
