"""How soon the end of a training's processes is seen, and how soon a cancel has ended them all, at random moments.

    python -m benchmarks.ends                        200 kills and 100 cancels, some 20 minutes of a quiet machine
    python -m benchmarks.ends --kills 20 --cancels 10 --seed 7

Each training is a real worker of a small model, struck between its submission and some seconds of steps, with
checkpoints all the time. A kill ends the worker, the shim beside it, both, or the whole group. After each: no process
is left, and whatever is visible as a checkpoint is whole.
"""

import argparse
import os
import random
import signal
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from brewslm.adapters.engines.local import LocalEngine
from brewslm.bootstrap.container import TEMPLATES
from brewslm.core.checkpoints.manifest import DamagedError, visible_folders
from brewslm.core.checkpoints.verification import verify
from brewslm.core.wire.attempt import AttemptFile
from brewslm.core.wire.rundir import ATTEMPT_FILE, CHECKPOINTS_FOLDER
from tests.worker import tiny

LONGEST_SECONDS = 60.0
LATEST_BLOW_SECONDS = 8.0
GRACE_SECONDS = 10.0
"""What the product gives a worker to save a last checkpoint."""


@dataclass
class Seen:
    """What came of one way to end a training."""

    seconds: list[float] = field(default_factory=list)
    """Until the end was seen."""
    gone: list[float] = field(default_factory=list)
    """Until no process was left."""
    num_checkpoints: int = 0
    problems: list[str] = field(default_factory=list)

    def line(self, name: str) -> str:
        """A row of the table."""
        seen, gone = sorted(self.seconds), sorted(self.gone)
        middle, late = len(seen) // 2, min(len(seen) - 1, int(0.99 * len(seen)))
        return (
            f"| {name} | {len(seen)} | {seen[middle]:.2f} | {seen[late]:.2f} | {gone[middle]:.2f} | {gone[late]:.2f} "
            f"| {self.num_checkpoints} | {len(self.problems)} |"
        )


def main() -> None:
    """Strike, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--cancels", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as folder:
        print(measure(Path(folder), options.kills, options.cancels, options.seed))


def measure(folder: Path, num_kills: int, num_cancels: int, seed: int) -> str:
    """Strike so often, and return the table."""
    chance = random.Random(seed)
    base = tiny.write_base_model(folder / "base", max_position_embeddings=2048)
    train = tiny.write_split(folder / "train", 200, seed=1)
    scene = tiny.Scene(base=base, train=train, eval=tiny.write_split(folder / "eval", 12, seed=2), root=folder)
    order = scene.order(
        data={"total_steps": 100_000}, monitor={"checkpoint_every": 5, "eval_every": 20, "keep_checkpoints": 3}
    )
    engine = LocalEngine(environment=os.environ, num_threads=1, templates=TEMPLATES)
    rows: dict[str, Seen] = {}
    blows = [("worker", "shim", "both", "group")[number % 4] for number in range(num_kills)] + ["cancel"] * num_cancels
    for number, blow in enumerate(blows):
        run = scene.run_directory(f"run-{number}", order)
        seen = rows.setdefault(blow, Seen())
        strike(engine, run, blow, seen, chance.uniform(0.0, LATEST_BLOW_SECONDS))
        seen.num_checkpoints += len(visible_folders(run / CHECKPOINTS_FOLDER))
        seen.problems += [f"{run.name} {blow}: {problem}" for problem in problems_of(run)]
    head = (
        "| ended | times | seen p50 s | p99 s | gone p50 s | p99 s | checkpoints seen | problems |\n"
        + "| --- " * 8
        + "|"
    )
    wrong = [problem for seen in rows.values() for problem in seen.problems]
    return "\n".join([head, *(seen.line(name) for name, seen in rows.items()), *wrong])


def strike(engine: LocalEngine, run: Path, blow: str, seen: Seen, moment: float) -> None:
    """Start a training, end it at a moment, and note how long that was not seen."""
    engine.submit(run, attempt=1)
    time.sleep(moment)
    while not (run / ATTEMPT_FILE).is_file():
        time.sleep(0.01)
    attempt = AttemptFile.model_validate_json((run / ATTEMPT_FILE).read_bytes())
    began = time.monotonic()
    if blow == "cancel":
        engine.cancel(run, grace_seconds=GRACE_SECONDS)
    else:
        kill(attempt, blow)
        while engine.status(run).is_open and time.monotonic() - began < LONGEST_SECONDS:
            time.sleep(0.02)
    seen.seconds.append(time.monotonic() - began)
    engine.kill(run)
    while left_of(run) and time.monotonic() - began < LONGEST_SECONDS:
        time.sleep(0.02)
    seen.gone.append(time.monotonic() - began)


def kill(attempt: AttemptFile, blow: str) -> None:
    """End processes of an attempt by SIGKILL."""
    with suppress(ProcessLookupError):
        if blow == "group":
            os.killpg(os.getpgid(attempt.shim_pid), signal.SIGKILL)
        if blow in {"shim", "both"}:
            os.kill(attempt.shim_pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        if blow in {"worker", "both"}:
            os.kill(attempt.worker_pid, signal.SIGKILL)


def left_of(run: Path) -> list[int]:
    """The processes of a run directory that have not ended."""
    return [process.pid for process in psutil.process_iter() if _is_of(process, run)]


def problems_of(run: Path) -> list[str]:
    """What is left that must not be."""
    left = [f"process {pid} is left" for pid in left_of(run)]
    for one in visible_folders(run / CHECKPOINTS_FOLDER):
        try:
            verify(one, with_hashes=True)
        except DamagedError as error:
            left.append(str(error))
    return left


def _is_of(process: psutil.Process, run: Path) -> bool:
    with suppress(psutil.Error):
        return str(run) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    return False


@pytest.mark.bench
def test_ends(tmp_path: Path) -> None:
    """Print the table of some blows."""
    print(measure(tmp_path, 40, 20, random.randrange(2**32)))


if __name__ == "__main__":
    main()
