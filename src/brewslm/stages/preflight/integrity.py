"""Whether the prepared files are what the manifest says; of very large sets by a sample, and that is said."""

import hashlib
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from brewslm.core.artifacts.base import HASH_BLOCK_BYTES, FileRef
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.context import StageContext
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding

MOST_BYTES = 8 << 30
"""What is hashed of one manifest: some ten seconds on one core with SHA instructions."""
_GIB = 1 << 30
_CHECK = "data_integrity"


def data_integrity(manifest: Manifest, context: StageContext, *, most_bytes: int = MOST_BYTES) -> Finding:
    """Hash the prepared files again: all of them, or of a very large set a sample that differs each time."""
    for file in manifest.files:
        problem = _not_there(context.shelf.path(file.path), file)
        if problem is not None:
            return _blocked(f"{file.path} {problem}")
    total = sum(file.size_bytes for file in manifest.files)
    sampled = [file for file in manifest.files if file.block_sha256] if total > most_bytes else []
    whole = [file for file in manifest.files if file not in sampled]
    for file in whole:
        if _digest(context.shelf.path(file.path)) != file.sha256:
            return _blocked(f"{file.path} has changed since it was prepared")
    room = max(most_bytes - sum(file.size_bytes for file in whole), most_bytes // 2)
    blocks = _sample(sampled, room, random.Random(f"{context.job_id} {context.clock.now()}"))  # noqa: S311 - no secret
    for file, number in blocks:
        if _block_digest(context.shelf.path(file.path), number) != file.block_sha256[number]:
            return _blocked(f"{file.path} has changed since it was prepared (its block {number})")
    empty = [split.name for split in manifest.splits if split.num_examples == 0]
    if empty:
        reason = Reason.PREPARATION_EMPTY_SPLIT
        seen = f"split {empty[0]!r} is empty"
        return Finding(check=_CHECK, level="block", seen=seen, next_step="Import more data.", reason=reason)
    seen = f"{len(manifest.files)} files match their hashes"
    if sampled:
        num_blocks = sum(len(file.block_sha256) for file in sampled)
        seen = (
            f"{len(manifest.files)} files have their sizes; of {total / _GIB:.1f} GiB a sample matches its hashes: "
            f"{len(blocks)} of {num_blocks} blocks of the {len(sampled)} largest files, chosen anew each time, and all "
            f"of the other {len(whole)}"
        )
    return Finding(check=_CHECK, level="ok", seen=seen)


def _blocked(seen: str) -> Finding:
    step, reason = "Prepare the dataset again.", Reason.PREFLIGHT_DATA_CHANGED
    return Finding(check=_CHECK, level="block", seen=seen, next_step=step, reason=reason)


def _not_there(path: Path, file: FileRef) -> str | None:
    try:
        size = path.stat().st_size
    except OSError:
        return "is missing"
    return None if size == file.size_bytes else "has changed since it was prepared: it has another size"


def _sample(files: Iterable[FileRef], room: int, chance: random.Random) -> Sequence[tuple[FileRef, int]]:
    """Choose blocks by chance, the first and the last of each file among them, up to `room` bytes."""
    ends, middle = [], []
    for file in files:
        last = len(file.block_sha256) - 1
        ends += [(file, number) for number in sorted({0, last})]
        middle += [(file, number) for number in range(1, last)]
    count = max(0, room // HASH_BLOCK_BYTES - len(ends))
    return [*ends, *chance.sample(middle, min(count, len(middle)))]


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _block_digest(path: Path, number: int) -> str:
    with path.open("rb") as stream:
        stream.seek(number * HASH_BLOCK_BYTES)
        return hashlib.sha256(stream.read(HASH_BLOCK_BYTES)).hexdigest()
