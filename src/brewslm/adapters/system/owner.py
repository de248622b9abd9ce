"""Naming this process so that others can tell whether it has ended: host, boot, pid and start time together."""

import os
import platform
from pathlib import Path

import psutil

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Return which start of the machine this is."""
    if _BOOT_ID.is_file():
        return _BOOT_ID.read_text().strip()
    return f"{psutil.boot_time():.0f}"


def process_owner() -> str:
    """Return the name of this process."""
    pid = os.getpid()
    return f"{platform.node()}|{boot_id()}|{pid}|{psutil.Process(pid).create_time():.2f}"


def is_owner_gone(owner: str) -> bool:
    """Return whether the named process has certainly ended. Of another host nothing is certain."""
    host, boot, pid, started = owner.split("|")
    if host != platform.node():
        return False
    if boot != boot_id():
        return True
    try:
        process = psutil.Process(int(pid))
        return f"{process.create_time():.2f}" != started or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
