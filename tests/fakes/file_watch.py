"""A watch over a tree of folders by Linux's inotify: what was opened, made, changed or removed, however briefly."""

import ctypes
import os
import struct
from pathlib import Path

_ACCESS, _MODIFY, _ATTRIB, _MOVED, _CREATE, _DELETE, _OPEN = 0x1, 0x2, 0x4, 0xC0, 0x100, 0x200, 0x20
_MASK = _ACCESS | _MODIFY | _ATTRIB | _MOVED | _CREATE | _DELETE | _OPEN
_OVERFLOW, _IGNORED, _IS_FOLDER = 0x4000, 0x8000, 0x40000000
_HEAD = struct.Struct("iIII")


class FileWatch:
    """Watches every folder below `root`, also those that are made later."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self._descriptor >= 0, os.strerror(ctypes.get_errno())
        self._folders: dict[int, Path] = {}
        for folder in [root, *(path for path in root.rglob("*") if path.is_dir())]:
            self._add(folder)

    def close(self) -> None:
        os.close(self._descriptor)

    def seen(self) -> set[str]:
        """What was touched since the last look, relative to the root."""
        found: set[str] = set()
        while True:
            try:
                data = os.read(self._descriptor, 1 << 16)
            except BlockingIOError:
                return found
            place = 0
            while place < len(data):
                number, mask, _, length = _HEAD.unpack_from(data, place)
                name = data[place + _HEAD.size : place + _HEAD.size + length].rstrip(b"\0")
                place += _HEAD.size + length
                assert not mask & _OVERFLOW, "the watch missed something; look more often"
                if mask & _IGNORED:  # the folder is gone
                    self._folders.pop(number, None)
                    continue
                path = self._folders[number] / os.fsdecode(name)
                found.add(str(path.relative_to(self._root)))
                if mask & _CREATE and mask & _IS_FOLDER and path.is_dir():
                    self._add(path)

    def _add(self, folder: Path) -> None:
        number = self._libc.inotify_add_watch(self._descriptor, os.fsencode(folder), _MASK)
        assert number >= 0, os.strerror(ctypes.get_errno())
        self._folders[number] = folder
