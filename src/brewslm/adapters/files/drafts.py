"""Draft folders: hidden, locked by the process that fills them, and swept away when that process is gone."""

import fcntl
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

PREFIX = ".draft-"
_GRACE_SECONDS = 60.0
"""A draft that was just made may not be locked yet."""


class Drafts:
    """The drafts of one process. A lock on the folder itself says that its owner lives; the kernel lets it go."""

    def __init__(self) -> None:
        self._locks: dict[Path, int] = {}
        self._swept: set[Path] = set()
        self._guard = threading.Lock()

    def make(self, project_folder: Path) -> Path:
        """Return a new empty draft folder; the first one in a project sweeps what dead processes left there."""
        with self._guard:
            self._let_go_of_removed()
            is_first = project_folder not in self._swept
            self._swept.add(project_folder)
        if is_first:
            sweep(project_folder)
        draft = Path(tempfile.mkdtemp(prefix=PREFIX, dir=project_folder))
        lock = os.open(draft, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with self._guard:
            self._locks[draft] = lock
        return draft

    def _let_go_of_removed(self) -> None:
        """Close the locks of drafts that were given up, which is done by removing the folder."""
        for draft in [draft for draft in self._locks if not draft.exists()]:
            os.close(self._locks.pop(draft))

    def release(self, draft: Path) -> None:
        """Let the lock go; the draft was published or removed."""
        with self._guard:
            lock = self._locks.pop(draft, None)
        if lock is not None:
            os.close(lock)


def sweep(project_folder: Path) -> None:
    """Remove drafts whose process is gone."""
    for draft in project_folder.glob(f"{PREFIX}*"):
        try:
            lock = os.open(draft, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            if time.time() - os.fstat(lock).st_mtime < _GRACE_SECONDS:
                continue
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(draft, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
