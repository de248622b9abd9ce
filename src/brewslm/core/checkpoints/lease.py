"""Who reads a checkpoint holds a lock on it, and it is not pruned meanwhile."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from brewslm.core.errors import NotFoundError
from brewslm.core.wire.rundir import LEASE_FILE


@contextlib.contextmanager
def lease(folder: Path, how: int) -> Iterator[None]:
    """Hold the lock of a checkpoint, `fcntl.LOCK_SH` to read it."""
    file = os.open(folder / LEASE_FILE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(file, how)
        yield
    finally:
        os.close(file)


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep a checkpoint from being pruned.

    Raises:
        NotFoundError: it has just been pruned.
    """
    try:
        with lease(folder, fcntl.LOCK_SH):
            if not (folder / LEASE_FILE).is_file():
                raise FileNotFoundError
            yield
    except FileNotFoundError as error:
        message = f"the checkpoint {folder.name} was pruned; take another"
        raise NotFoundError(message) from error
