"""The small layer under everything that must survive a power cut: write aside, fsync, rename, fsync the folder."""

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from brewslm.core.artifacts.base import HASH_BLOCK_BYTES
from brewslm.core.errors import DiskFullError

CHUNK_BYTES = 1 << 20


def write_atomically(path: Path, content: bytes) -> None:
    """Make `path` hold `content`: after a crash it holds the old content or the new, never a part.

    Raises:
        DiskFullError: there was no space; the old content is untouched.
    """
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    with naming_full_disk(path.parent):
        try:
            with aside.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
        fsync_folder(path.parent)


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Seal:
    """What a file held when it was sealed."""

    size_bytes: int
    sha256: str
    block_sha256: tuple[str, ...]
    """Of each block of a file that has several."""


def seal(path: Path) -> Seal:
    """Make a regular file durable and read-only; return its size in bytes and its hashes.

    Raises:
        OSError: it is no regular file, or the disk failed.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        found = _read_through(descriptor)
        os.fchmod(descriptor, 0o444)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return found


def make_folders(folder: Path, *, under: Path) -> None:
    """Make `folder` and its parents below `under`, each durable and private to the user."""
    missing = []
    while folder != under and not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        fsync_folder(each.parent)


@contextmanager
def naming_full_disk(folder: Path) -> Iterator[None]:
    """Turn a lack of space into an error that names the folder."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        message = f"No space is left in {str(folder)!r}; nothing was published. Free some space, then try again."
        raise DiskFullError(message) from error


def _read_through(descriptor: int) -> Seal:
    digest, block = hashlib.sha256(), hashlib.sha256()
    has_blocks = os.fstat(descriptor).st_size > HASH_BLOCK_BYTES
    size, blocks = 0, []
    while chunk := os.read(descriptor, min(CHUNK_BYTES, HASH_BLOCK_BYTES - size % HASH_BLOCK_BYTES)):
        digest.update(chunk)
        size += len(chunk)
        if has_blocks:
            block.update(chunk)
            if size % HASH_BLOCK_BYTES == 0:
                blocks.append(block.hexdigest())
                block = hashlib.sha256()
    if has_blocks and size % HASH_BLOCK_BYTES:
        blocks.append(block.hexdigest())
    return Seal(size, digest.hexdigest(), tuple(blocks))
