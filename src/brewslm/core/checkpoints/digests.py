"""Hashes of files: one that proves the content, and small ones that say where it differs."""

import hashlib
import zlib
from pathlib import Path

from brewslm.core.checkpoints.manifest import FileEntry

BLOCK_BYTES = 1 << 20


class Digest:
    """Takes content in pieces of any size."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._blocks: list[int] = []
        self._size = 0

    def update(self, data: bytes | memoryview) -> None:
        """Take the next piece."""
        self._sha256.update(data)
        rest = memoryview(data)
        while rest:
            if self._size % BLOCK_BYTES == 0:
                self._blocks.append(0)
            piece = rest[: BLOCK_BYTES - self._size % BLOCK_BYTES]
            self._blocks[-1] = zlib.crc32(piece, self._blocks[-1])
            self._size += len(piece)
            rest = rest[len(piece) :]

    def entry(self) -> FileEntry:
        """Return what the manifest says about content that is this."""
        return FileEntry(size_bytes=self._size, sha256=self._sha256.hexdigest(), blocks=tuple(self._blocks))


def entry_of(path: Path) -> FileEntry:
    """Return the entry of a file as it is on disk."""
    digest = Digest()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.entry()
