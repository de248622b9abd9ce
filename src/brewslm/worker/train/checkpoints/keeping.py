"""Which checkpoints stay: the newest, the best, the pinned, and those that somebody reads."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from brewslm.core.checkpoints.choosing import best_of, whole_checkpoints
from brewslm.core.checkpoints.lease import lease
from brewslm.core.checkpoints.manifest import Checkpoint, DamagedError
from brewslm.core.checkpoints.verification import verify
from brewslm.core.wire.rundir import LEASE_FILE, PINNED_FILE
from brewslm.worker.failure import BadDataError
from brewslm.worker.files import Disk

ASIDE = "aside."
"""How the name of a checkpoint begins that was stepped over."""


def result_of(root: Path) -> Checkpoint:
    """Return the best checkpoint whose hashes are right, or the newest where none was evaluated.

    Raises:
        BadDataError: not one is whole.
    """
    left = whole_checkpoints(root)
    while left:
        candidate = best_of(left) or left[0]
        with contextlib.suppress(DamagedError):
            return verify(candidate.folder, with_hashes=True)
        left.remove(candidate)
    raise BadDataError(f"No checkpoint in {str(root)!r} is whole any more; look at the disk, then start again.")


def prune(root: Path, *, keep: int, disk: Disk) -> None:
    """Remove what is neither among the newest `keep`, nor the best, nor pinned, nor being read.

    Of those that were stepped over the newest `keep` stay, for people to look at.
    """
    whole = whole_checkpoints(root)
    best = best_of(whole)
    for checkpoint in whole[keep:]:
        if checkpoint is not best and not (checkpoint.folder / PINNED_FILE).exists():
            _remove(checkpoint.folder, disk)
    stepped_over = sorted(root.glob(f"{ASIDE}*"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for folder in stepped_over[keep:]:
        _remove(folder, disk)


def pin(folder: Path, reason: str) -> None:
    """Keep a checkpoint from being pruned until its marker is removed."""
    (folder / PINNED_FILE).write_text(reason, encoding="utf-8")


@contextlib.contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Keep a checkpoint from being pruned while it is read; a folder that is none is left alone.

    Raises:
        BadDataError: it has just been pruned.
    """
    if not (folder / LEASE_FILE).is_file():
        yield
        return
    with lease(folder, fcntl.LOCK_SH):
        if not (folder / LEASE_FILE).is_file():
            raise BadDataError(f"The checkpoint {folder.name} was pruned before it could be read; take another.")
        yield


def set_aside(folder: Path, disk: Disk) -> Path:
    """Take a checkpoint out of those that count, and return where it is now."""
    target = folder.with_name(ASIDE + folder.name)
    disk.remove(target)
    disk.rename(folder, target)
    return target


def step_back(root: Path, disk: Disk, *, after: int | None = None) -> str | None:
    """Set the newest whole checkpoint aside where there is an older one; return a line that says so.

    Where it is known `after` which step things went wrong, every checkpoint of a later one is set aside, even the last.
    """
    whole = whole_checkpoints(root)
    if after is not None:
        wrong = [checkpoint.folder for checkpoint in whole if checkpoint.step > after]
        kept_as = ", ".join(set_aside(folder, disk).name for folder in wrong)
        return (
            f"Things went wrong after step {after}; checkpoints of later steps are kept as {kept_as}."
            if wrong
            else None
        )
    if len(whole) < 2:
        return None
    kept_as = set_aside(whole[0].folder, disk).name
    return f"The checkpoint {whole[0].folder.name} did not lead on; it is kept as {kept_as}."


def clear_leftovers(root: Path, disk: Disk) -> None:
    """Remove what killed attempts left half-made or half-removed."""
    for folder in [*root.glob(".tmp-*"), *root.glob(".del-*")]:
        disk.remove(folder)


def _remove(folder: Path, disk: Disk) -> None:
    """Take a folder away under a name that means nothing, then remove it, unless somebody reads it."""
    doomed = folder.with_name(f".del-{folder.name}")
    with contextlib.ExitStack() as held:
        if (folder / LEASE_FILE).is_file():
            try:
                held.enter_context(lease(folder, fcntl.LOCK_EX | fcntl.LOCK_NB))
            except BlockingIOError:
                return
        disk.rename(folder, doomed)
    disk.remove(doomed)
