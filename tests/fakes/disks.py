"""Disks that remember what was done to them, or that fail when told to."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from brewslm.worker.files import LOCAL_DISK, File


@dataclass(frozen=True)
class Operation:
    """One thing that was done to a disk: `make` and `write` a file, `sync` a file or a folder, `rename`, `remove`."""

    kind: str
    path: Path
    data: bytes = b""
    target: Path | None = None


class RecordingDisk:
    """The real file system, with a list of what was done."""

    def __init__(self, *, before: Callable[[Operation], object] = id) -> None:
        """Call `before` ahead of each operation; an error that it raises is the disk's."""
        self.operations: list[Operation] = []
        self._before = before

    def open(self, path: Path) -> File:
        if not path.exists():
            self.note(Operation("make", path))
        return _RecordingFile(self, path, LOCAL_DISK.open(path))

    def sync_folder(self, path: Path) -> None:
        self.note(Operation("sync", path))
        LOCAL_DISK.sync_folder(path)

    def rename(self, source: Path, target: Path) -> None:
        self.note(Operation("rename", source, target=target))
        LOCAL_DISK.rename(source, target)

    def remove(self, path: Path) -> None:
        if path.exists():
            self.note(Operation("remove", path))
        LOCAL_DISK.remove(path)

    def note(self, operation: Operation) -> None:
        self._before(operation)
        self.operations.append(operation)


class _RecordingFile:
    def __init__(self, disk: RecordingDisk, path: Path, file: File) -> None:
        self._disk, self._path, self._file = disk, path, file
        self._num_durable = path.stat().st_size

    def write(self, data: bytes | memoryview) -> None:
        try:
            self._disk.note(Operation("write", self._path, bytes(data)))
        except OSError:
            self._file.write(bytes(data)[: len(data) // 2])
            raise
        self._file.write(data)

    def sync(self) -> None:
        try:
            self._disk.note(Operation("sync", self._path))
        except OSError:
            kept = self._path.read_bytes()[: self._num_durable]
            self._path.write_bytes(kept.ljust(self._path.stat().st_size, b"\0"))
            raise
        self._file.sync()
        self._num_durable = self._path.stat().st_size

    def close(self) -> None:
        self._file.close()


def failing_disk(code: int, *, at: int, kinds: tuple[str, ...] = ("make", "write", "sync", "rename")) -> RecordingDisk:
    """A disk whose `at`-th operation of these kinds, counted from 0, fails with this error number, once.

    A write that fails has written half. After an fsync that fails the content is lost, as the kernel loses it.
    """
    seen = 0

    def fail(operation: Operation) -> None:
        nonlocal seen
        if operation.kind not in kinds:
            return
        seen += 1
        if seen == at + 1:
            raise OSError(code, os.strerror(code), str(operation.path))

    return RecordingDisk(before=fail)
