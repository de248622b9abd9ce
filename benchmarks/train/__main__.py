"""The engine against its peers: `python -m benchmarks.train --help`, from the root of the repository.

    python -m benchmarks.train environments                 make the peers' environments, once
    python -m benchmarks.train run --rounds 5 --quiet 60    five interleaved rounds, at both shapes, LoRA and full
    python -m benchmarks.train run --shape 30m --method lora --only 'trl-*' --rounds 1
    python -m benchmarks.train table                        what has been measured so far

A run that was stopped goes on where it was: each line of `RUNS.jsonl` is one run of one contestant, with every step.
"""

import argparse
import fnmatch
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.train.contestants import CONTESTANTS, Contestant, check_names
from benchmarks.train.environments import LISTS, make_environments, peers_folder
from benchmarks.train.material import METHODS, SHAPES, Material, prepare
from benchmarks.train.records import QUIET, append, counted, num_runs, read
from benchmarks.train.report import tables
from benchmarks.train.running import ROOT, Trial, run_once
from benchmarks.train.watching import wait_for_quiet

EXTRA_TRIES = 4


def main() -> None:
    arguments = parse()
    check_names()
    if arguments.what == "environments":
        make_environments(arguments.peers or sorted(path.stem for path in LISTS.glob("*.txt")))
        return
    materials = {shape: prepare(arguments.work, shape) for shape in arguments.shape}
    if arguments.what == "run":
        run_rounds(arguments, materials)
    records = [record for record in read(arguments.work) if record["shape"] in materials]
    print("\n".join(tables(counted(records, is_quiet=arguments.quiet > 0), materials)))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("environments", "run", "table"))
    parser.add_argument("--work", type=Path, default=peers_folder() / "work", help="material, scratch and RUNS.jsonl")
    parser.add_argument("--peers", nargs="*", help="of which to make environments; all by default")
    parser.add_argument("--shape", nargs="*", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--method", nargs="*", choices=METHODS, default=list(METHODS))
    parser.add_argument("--only", nargs="*", default=[], help="names of contestants, with *")
    parser.add_argument("--roles", nargs="*", default=["ours", "best", "default"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=4, help="of each run; the first is not measured")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no run after so many")
    parser.add_argument("--quiet", type=float, default=0.0, help="seconds to wait for a quiet machine before each run")
    return parser.parse_args()


def run_rounds(arguments: argparse.Namespace, materials: dict[str, Material]) -> None:
    """Take the contestants in turn until each has its rounds; those with the fewest go first."""
    deadline = time.time() + 60 * arguments.minutes
    tried: dict[tuple[str, str, str], int] = {}
    while job := next(due(arguments, tried), None):
        if time.time() > deadline:
            print("The time is over; the same command goes on from here.")
            return
        if arguments.quiet:
            wait_for_quiet(arguments.quiet, others=QUIET)
        shape, method, contestant = job
        key = (shape, method, contestant.name if contestant else "ceiling")
        tried[key] = tried.get(key, 0) + 1
        if contestant is None:
            record = run_probe(shape, method, arguments.threads)
        else:
            trial = Trial(contestant, materials[shape], method, arguments.steps, arguments.threads)
            record = run_once(trial, arguments.work)
        if "error" in record:
            tried[key] += arguments.rounds + EXTRA_TRIES  # not again by this command
        append(arguments.work, record)
        print(*key, line_of(record), flush=True)


def due(
    arguments: argparse.Namespace, tried: dict[tuple[str, str, str], int]
) -> Iterator[tuple[str, str, Contestant | None]]:
    """Yield what is still to be run, round by round; the matrix product is measured once in each."""
    kept = counted(read(arguments.work), is_quiet=arguments.quiet > 0)
    for number in range(1, arguments.rounds + 1):
        for shape in arguments.shape:
            for method in arguments.method:
                for contestant in [None, *chosen(arguments, shape, method)]:
                    name = contestant.name if contestant else "ceiling"
                    if tried.get((shape, method, name), 0) >= arguments.rounds + EXTRA_TRIES:
                        continue
                    if num_runs(kept, (shape, method, name, arguments.threads)) < number:
                        yield shape, method, contestant


def chosen(arguments: argparse.Namespace, shape: str, method: str) -> list[Contestant]:
    """The contestants that were asked for: by name, or by role where no name is given."""
    return [
        one
        for one in CONTESTANTS
        if method in one.methods
        and shape in one.shapes
        and (
            any(fnmatch.fnmatch(one.name, pattern) for pattern in arguments.only)
            if arguments.only
            else one.role in arguments.roles
        )
    ]


def run_probe(shape: str, method: str, num_threads: int) -> dict[str, Any]:
    """Measure the matrix products in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.train.ceiling", shape, str(num_threads)]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return {
        "name": "ceiling",
        "shape": shape,
        "method": method,
        "num_threads": num_threads,
        "began_at": time.time(),
        "ceiling": json.loads(said),
    }


def line_of(record: dict[str, Any]) -> str:
    if "ceiling" in record:
        return "  ".join(f"{name} {rates['gflops']:.0f} GFLOP/s" for name, rates in record["ceiling"].items())
    if "error" in record:
        return f"failed: {record['error'][:160]}"
    return (
        f"{record['tokens_per_second']:.0f} tokens/s, {record['tokens_per_cpu_second']:.0f} a CPU second, "
        f"{record['peak_bytes'] / 2**30:.2f} GiB, others {record['others']:.2f}"
    )


if __name__ == "__main__":
    main()
