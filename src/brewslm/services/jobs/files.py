"""Small files of a run directory that are either absent or whole."""

import os
from pathlib import Path

from brewslm.core.wire.recovery import RecoveryFile
from brewslm.core.wire.rundir import BALLAST_FILE, RECOVERY_FILE

BALLAST_BYTES = 64 << 20
_FREE_FOR_BALLAST = 4 * BALLAST_BYTES
"""On a disk with less than this the ballast would be what fills it."""


def write_whole(path: Path, text: str) -> None:
    """Replace a file by one with this text, once that is on disk."""
    draft = path.with_suffix(".tmp")
    with draft.open("w", encoding="utf-8") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


def read_recovery(directory: Path) -> RecoveryFile:
    """Return what was done so far."""
    try:
        return RecoveryFile.model_validate_json((directory / RECOVERY_FILE).read_bytes())
    except FileNotFoundError:
        return RecoveryFile()


def write_recovery(directory: Path, recovery: RecoveryFile) -> None:
    """Replace what was done so far."""
    write_whole(directory / RECOVERY_FILE, recovery.model_dump_json(indent=1))


def take_ballast(directory: Path, *, free_bytes: int) -> None:
    """Keep room in a run directory, where there is plenty; without it a run is only less safe."""
    path = directory / BALLAST_FILE
    if free_bytes < _FREE_FOR_BALLAST or path.exists() or not hasattr(os, "posix_fallocate"):
        return
    try:
        with path.open("wb") as stream:
            os.posix_fallocate(stream.fileno(), 0, BALLAST_BYTES)
    except OSError:
        drop_ballast(directory)


def drop_ballast(directory: Path) -> None:
    """Give the room back."""
    (directory / BALLAST_FILE).unlink(missing_ok=True)
