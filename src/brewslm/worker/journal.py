"""The journal: appends one strictly valid JSON object a line to `log.jsonl`."""

import json
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Literal, TypedDict

from brewslm.core.wire.progress import NonFinite, Record
from brewslm.worker.files import LOCAL_DISK, Disk

_TAIL_BYTES = 1 << 16


class Stamp(TypedDict):
    """What every record has."""

    seq: int
    time: float
    attempt: int
    clock: float


class Journal:
    """Appends records. `seq` goes on over attempts; a line that a killed attempt left half-written is cut off."""

    def __init__(self, path: Path, *, attempt: int, disk: Disk = LOCAL_DISK) -> None:
        """Open, repair, and find the last sequence number."""
        self._attempt = attempt
        self._seq = _repair(path) if path.exists() else 0
        self._file = disk.open(path)
        disk.sync_folder(path.parent)

    def stamp(self) -> Stamp:
        """Return sequence number, times and attempt of the record that is written next."""
        clock = round(time.monotonic(), 3)
        return Stamp(seq=self._seq + 1, time=time.time(), attempt=self._attempt, clock=clock)

    def append(self, record: Record) -> None:
        """Write one line; a reader may see it at once.

        Raises:
            OSError: the disk is full; the torn line is repaired by the next attempt.
        """
        self._file.write(record.model_dump_json().encode() + b"\n")
        self._seq = record.seq

    def sync(self) -> None:
        """Wait until every line is on disk; may be called on any thread.

        Raises:
            OSError: the disk reported an error; lines may be lost, and no second call would say so.
        """
        self._file.sync()


def split_non_finite(values: Mapping[str, float | None]) -> tuple[dict[str, float | None], NonFinite]:
    """Replace NaN and infinities by None, and name the fields where they were."""
    non_finite: NonFinite = {name: _name(value) for name, value in values.items() if not _is_plain(value)}
    return {name: None if name in non_finite else value for name, value in values.items()}, non_finite


def _is_plain(value: float | None) -> bool:
    return value is None or math.isfinite(value)


def _name(value: float | None) -> Literal["nan", "inf", "-inf"]:
    if value is None or math.isnan(value):
        return "nan"
    return "inf" if value > 0 else "-inf"


def _repair(path: Path) -> int:
    """Cut off what follows the last newline, and return the last sequence number."""
    with path.open("rb+", buffering=0) as file:
        end = _end_of_last_line(file)
        if end != file.seek(0, os.SEEK_END):
            file.truncate(end)
        return _last_seq(file, end)


def _end_of_last_line(file: BinaryIO) -> int:
    """Return the position after the last newline, 0 where there is none."""
    position = file.seek(0, os.SEEK_END)
    while position > 0:
        start = max(0, position - _TAIL_BYTES)
        file.seek(start)
        newline = file.read(position - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        position = start
    return 0


def _last_seq(file: BinaryIO, end: int) -> int:
    """Return the sequence number of the last line that can be read, 0 where there is none."""
    size = _TAIL_BYTES
    while True:
        start = max(0, end - size)
        file.seek(start)
        for line in reversed(file.read(end - start).splitlines()):
            try:
                return int(json.loads(line)["seq"])
            except (ValueError, KeyError, TypeError):
                continue
        if start == 0:
            return 0
        size *= 4
