"""The directory at the end of a zip file, read entry by entry before anything is built from it.

Layout: PKWARE's APPNOTE, sections 4.3.12 (entries), 4.3.14 to 4.3.16 (its end).
"""

import os
import struct
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s4B4H3L5H2L")
_MAX_COMMENT = 0xFFFF
_FIRST = 16


def first_names(path: Path) -> list[str]:
    """The first names of the directory; none where it cannot be read."""
    try:
        with path.open("rb") as file:
            return list(islice(entry_names(file), _FIRST))
    except (ValueError, OSError, struct.error):
        return []


def entry_names(file: BinaryIO) -> Iterator[str]:
    """Yield the raw names of all entries, without keeping them.

    Raises:
        ValueError: there is no directory, or it is cut off.
    """
    begin, size = _place_of_directory(file)
    file.seek(begin)
    left = size
    while left >= _ENTRY.size:
        entry = _ENTRY.unpack(_read(file, _ENTRY.size))
        if entry[0] != b"PK\x01\x02":
            message = "an entry of its directory is not where it should be"
            raise ValueError(message)
        name_bytes, rest_bytes = entry[12], entry[13] + entry[14]
        yield _read(file, name_bytes).decode("utf-8", "replace")
        file.seek(rest_bytes, os.SEEK_CUR)
        left -= _ENTRY.size + name_bytes + rest_bytes


def _place_of_directory(file: BinaryIO) -> tuple[int, int]:
    """Where the directory begins, and its size: it ends where its end record stands, whatever stood before the zip."""
    size = file.seek(0, os.SEEK_END)
    tail_begin = max(0, size - _END.size - _MAX_COMMENT)
    file.seek(tail_begin)
    tail = file.read()
    place = len(tail) - _END.size
    if place < 0 or tail[place : place + 4] != b"PK\x05\x06" or tail[-2:] != b"\0\0":
        place = tail.rfind(b"PK\x05\x06")
    if place < 0 or place + _END.size > len(tail):
        message = "it has no directory; it was cut off"
        raise ValueError(message)
    directory_bytes = _END.unpack_from(tail, place)[5]
    end = tail_begin + place
    if end >= _LOCATOR_64.size:
        file.seek(end - _LOCATOR_64.size)
        locator = _LOCATOR_64.unpack(_read(file, _LOCATOR_64.size))
        if locator[0] == b"PK\x06\x07" and end >= _LOCATOR_64.size + _END_64.size:
            end -= _LOCATOR_64.size + _END_64.size
            file.seek(end)
            record = _END_64.unpack(_read(file, _END_64.size))
            if record[0] != b"PK\x06\x06":
                message = "the end of its directory is not where it should be"
                raise ValueError(message)
            directory_bytes = record[8]
    if directory_bytes > end:
        message = "its directory is larger than the file"
        raise ValueError(message)
    return end - directory_bytes, directory_bytes


def _read(file: BinaryIO, number: int) -> bytes:
    found = file.read(number)
    if len(found) != number:
        message = "its directory is cut off"
        raise ValueError(message)
    return found
