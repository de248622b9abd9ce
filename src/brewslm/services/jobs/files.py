"""Small files of a run directory that are either absent or whole."""

import os
from pathlib import Path

from brewslm.core.wire.recovery import RecoveryFile
from brewslm.core.wire.rundir import RECOVERY_FILE


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
