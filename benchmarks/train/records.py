"""The raw lines: one for each run of a contestant, and for each measurement of the matrix product."""

import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]

QUIET = 0.12
"""Of a processor, that others may use in a run that counts when quiet was asked for."""


def read(work: Path) -> list[Record]:
    path = work / "RUNS.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def append(work: Path, record: Record) -> None:
    with (work / "RUNS.jsonl").open("a") as file:
        file.write(json.dumps(record) + "\n")


def counted(records: list[Record], *, is_quiet: bool) -> list[Record]:
    """Leave out the runs that others disturbed, where quiet was asked for; what failed stays."""
    return [one for one in records if not is_quiet or one.get("others", 0.0) < QUIET]


def num_runs(records: list[Record], key: tuple[str, str, str, int]) -> int:
    """Count the runs of a shape, method, name and number of threads that did not fail."""
    return sum(
        (one["shape"], one["method"], one["name"], one["num_threads"]) == key for one in records if "error" not in one
    )
