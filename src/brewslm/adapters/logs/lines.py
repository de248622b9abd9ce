"""Lines of a file that may still be written to."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_LONGEST = 1 << 20
"""Bytes of a line beyond which it is no record of a training."""

HALF_WRITTEN = "the last line is half-written and was left out"


def whole_lines(path: Path, notes: list[str], *, is_newline_needed: bool) -> Iterator[tuple[int, bytes]]:
    """Yield the number and text of every line, from 1; what is wrong with the last one is noted.

    Args:
        path: the file.
        notes: gets a line when the last one has no newline and is left out.
        is_newline_needed: leave such a line out even if it looks whole, because its end may be missing.
    """
    with path.open("rb") as stream:
        number = 0
        while line := stream.readline(_LONGEST):
            number += 1
            is_cut = not line.endswith(b"\n")
            if is_cut and len(line) == _LONGEST:
                notes.append(f"line {number} is longer than 1 MiB and was left out")
                while (rest := stream.readline(_LONGEST)) and not rest.endswith(b"\n"):
                    pass
            elif is_cut and is_newline_needed:
                notes.append(HALF_WRITTEN)
            else:
                yield number, line


def json_objects(path: Path, notes: list[str], *, is_newline_needed: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the JSON object of every line; lines that hold none are counted and noted at the end."""
    wrong: list[int] = []
    last = 0
    for number, line in whole_lines(path, notes, is_newline_needed=is_newline_needed):
        last = number
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            data = None
        if isinstance(data, dict):
            yield data
        elif not line.endswith(b"\n"):
            notes.append(HALF_WRITTEN)
        else:
            wrong.append(number)
    if wrong:
        notes.append(f"{len(wrong)} of {last} lines hold no JSON object and were left out, first line {wrong[0]}")
