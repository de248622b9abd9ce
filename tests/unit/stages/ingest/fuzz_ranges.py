"""Fuzz of ingest in ranges: `python -m tests.unit.stages.ingest.fuzz_ranges SEED COUNT BOOK [PROCESSES]`.

Every range of cases in which none was broken is a line of the file BOOK, with how they ended and the slowest, so that
the same command goes on where it was stopped. It prints each broken case as it comes, and at the end the sum.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.unit.stages.ingest.fuzz import MAX_SECONDS

RANGE = 5_000
"""Cases of one range, and of one process: what a library leaks is gone after it."""


@dataclass
class Ended:
    """How cases ended."""

    counts: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    broken: list[str] = field(default_factory=list)

    def add(self, case: dict[str, Any]) -> None:
        """Count one."""
        outcome = case["outcome"]
        is_known = "+" in outcome or outcome.startswith(("ingestion_", "memory"))
        if outcome.startswith("BROKEN") or case["seconds"] > MAX_SECONDS or not is_known:
            self.broken.append(json.dumps(case))
        self.counts["rows" if "+" in outcome else outcome] += 1
        self.slowest = max(self.slowest, case["seconds"])


def fuzz(seed: int, start: int, count: int) -> Ended:
    """Run cases, in processes that may die of them."""
    ended = Ended()
    done, end = start, start + count
    while done < end:
        command = [sys.executable, "-m", "tests.unit.stages.ingest.fuzz", str(seed), str(done), str(end - done)]
        environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "OPENBLAS_NUM_THREADS": "1"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            for line in process.stdout:
                ended.add(json.loads(line))
                done += 1
        if process.returncode != 0:
            ended.broken.append(f"case {done} of seed {seed} ended its process with {process.returncode}")
            done += 1
    return ended


def lines_of(book: Path, seed: int) -> dict[int, dict[str, Any]]:
    """The ranges of a seed that have passed, by their first case; a line that a kill cut short is none."""
    found = {}
    for line in book.read_text().splitlines() if book.exists() else ():
        try:
            known = json.loads(line)
        except ValueError:
            continue
        if known["seed"] == seed:
            found[known["start"]] = known
    return found


def run_ranges(seed: int, count: int, book: Path, num_processes: int = 2) -> bool:
    """Run the ranges that have not passed yet; whether all have."""
    todo = [start for start in range(0, count, RANGE) if start not in lines_of(book, seed)]

    def run(start: int) -> list[str]:
        ended = fuzz(seed, start, RANGE)
        passed = {"seed": seed, "start": start, "outcomes": ended.counts, "slowest": round(ended.slowest, 3)}
        for case in ended.broken:
            print(f"BROKEN: {case}", flush=True)
        if not ended.broken:
            with book.open("a") as file:
                file.write(f"\n{json.dumps(passed)}\n")  # whole, also behind a line that a kill cut short
        return ended.broken

    with ThreadPoolExecutor(num_processes) as pool:
        broken = [case for cases in pool.map(run, todo) for case in cases]
    passed = lines_of(book, seed).values()
    total = sum((Counter(known["outcomes"]) for known in passed), Counter[str]())
    slowest = max((known["slowest"] for known in passed), default=0.0)
    print(f"seed {seed}: {total.total():,} cases, {len(broken)} broken, the slowest {slowest:.2f} s: {dict(total)}")
    return not broken


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(0 if run_ranges(int(words[0]), int(words[1]), Path(words[2]), *(int(word) for word in words[3:])) else 1)
