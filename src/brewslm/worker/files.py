"""Files that are either absent or whole, also after a power cut: all that must last is written through a `Disk`."""

import contextlib
import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

NUM_TRIES = 3
"""How often something is written anew where the disk reports an error."""


class File(Protocol):
    """A file that is being appended to."""

    def write(self, data: bytes | memoryview) -> None:
        """Append all of `data`; a reader may see it at once."""
        ...

    def sync(self) -> None:
        """Wait until the content is on disk. Where this fails, what was written is lost, whatever a second try says."""
        ...

    def close(self) -> None:
        """Give the file back; says nothing about the disk."""
        ...


class Disk(Protocol):
    """Every operation by which the worker publishes, so that tests can record it, and make it fail."""

    def open(self, path: Path) -> File:
        """Open a file to append to it; it is made where it is absent, as are its folders."""
        ...

    def sync_folder(self, path: Path) -> None:
        """Wait until the names in a folder are on disk."""
        ...

    def rename(self, source: Path, target: Path) -> None:
        """Give a file or a folder another name in one step; a file of that name is replaced."""
        ...

    def remove(self, path: Path) -> None:
        """Remove a file, or a folder with all that is in it; what is absent is passed over."""
        ...


class _LocalFile:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, data: bytes | memoryview) -> None:
        rest = memoryview(data).cast("B")
        while rest:
            rest = rest[self._file.write(rest) :]

    def sync(self) -> None:
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


class LocalDisk:
    """The file system."""

    def open(self, path: Path) -> File:
        """Open a file to append to it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return _LocalFile(path.open("ab", buffering=0))

    def sync_folder(self, path: Path) -> None:
        """Wait until the names in a folder are on disk."""
        sync_file(path)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file or a folder another name in one step."""
        source.replace(target)

    def remove(self, path: Path) -> None:
        """Remove a file, or a folder with all that is in it."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


LOCAL_DISK: Disk = LocalDisk()


def write_whole(path: Path, data: bytes, *, disk: Disk = LOCAL_DISK) -> None:
    """Write `data` under `path` so that a reader sees all of it or nothing, also after a power cut."""
    temporary = path.with_name(f".{path.name}.tmp")

    def write() -> None:
        disk.remove(temporary)
        with contextlib.closing(disk.open(temporary)) as file:
            file.write(data)
            file.sync()
        disk.rename(temporary, path)
        disk.sync_folder(path.parent)

    write_or_rewrite(write, drop=lambda: disk.remove(temporary))


def write_or_rewrite(write: Callable[[], None], *, drop: Callable[[], None]) -> None:
    """Call `write`; where the disk reports an error, drop what was written and write it anew.

    After a failed fsync the kernel may call the lost pages clean, so that a second fsync succeeds without them
    (Rebello et al. 2020, "Can Applications Recover from fsync Failures?"). So none is ever tried again.

    Raises:
        OSError: the disk reported errors `NUM_TRIES` times, or something else than an error of the device, such as
            a lack of room; what was written is dropped.
    """
    for num_left in reversed(range(NUM_TRIES)):
        try:
            write()
        except BaseException as error:
            with contextlib.suppress(OSError):
                drop()
            if isinstance(error, OSError) and error.errno == errno.EIO and num_left:
                continue
            raise
        else:
            return


def sync_file(path: Path) -> None:
    """Wait until the content of a file is on disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on disk."""
    sync_file(path)
