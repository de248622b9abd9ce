"""Saves in a child that is killed with SIGKILL at random moments, again and again: `killing.py FOLDER SEED KILLS`.

Prints what was found, as JSON. The children are forked from a process that has loaded everything, so there are many.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from brewslm.core.checkpoints.choosing import whole_checkpoints
from brewslm.core.checkpoints.manifest import visible_folders
from brewslm.core.wire.progress import RECORD
from brewslm.core.wire.rundir import CHECKPOINTS_FOLDER, LOG_FILE
from brewslm.worker.train.checkpoints.writer import CheckpointWriter
from tests.worker.checkpoints.small import SmallTraining, log_step, new_run

SIZE = 20_000
"""Columns of the weights: half a megabyte a checkpoint."""


def save_for_ever(folder: Path, attempt: int, tell: int) -> None:
    """Go on from what is there, and save after every step; a byte into `tell` whenever a save begins."""
    run = new_run(folder, attempt=attempt)
    run.fence.take()
    training = SmallTraining(size=SIZE)
    if training.resume(folder):
        os._exit(3)
    with CheckpointWriter(run, keep=2) as writer:
        while True:
            training.step()
            log_step(run, training.state.step)
            writer.submit(training.snapshot)
            os.write(tell, b".")


def killed(work: Callable[[int], None], *, after_saves: int, and_seconds: float) -> int:
    """Run `work` in a child, kill it some time after so many saves have begun, and return how it ended."""
    hear, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(tell)
        finally:
            os._exit(4)
    os.close(tell)
    for _ in range(after_saves):
        os.read(hear, 1)
    time.sleep(and_seconds)
    os.kill(child, signal.SIGKILL)
    os.close(hear)
    return os.waitpid(child, 0)[1]


def told(folder: Path) -> tuple[int, int]:
    """The step of the last checkpoint that was said to be saved, and how many were."""
    path = folder / LOG_FILE
    whole = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    steps = [record.step for record in map(RECORD.validate_json, whole) if record.kind == "checkpoint"]
    return (steps[-1], len(steps)) if steps else (0, 0)


def main(folder: Path, seed: int, num_kills: int) -> dict[str, int]:
    torch.set_num_threads(1)
    chance = random.Random(seed)
    found = {"kills": 0, "saves": 0, "broken": 0, "lost": 0, "in_a_save": 0}
    for attempt in range(1, num_kills + 1):
        ended = killed(
            lambda tell, attempt=attempt: save_for_ever(folder, attempt, tell),
            after_saves=chance.randint(0, 3),
            and_seconds=chance.uniform(0.0, 0.02),
        )
        found["kills"] += os.WIFSIGNALED(ended) and os.WTERMSIG(ended) == signal.SIGKILL
        root = folder / CHECKPOINTS_FOLDER
        found["in_a_save"] += bool(list(root.glob(".tmp-*")))
        saved, found["saves"] = told(folder)
        visible = len(visible_folders(root))
        training = SmallTraining(size=SIZE)
        found["broken"] += len(training.resume(folder)) + (visible != len(whole_checkpoints(root)))
        found["lost"] += training.state.step < saved or training.weights_say() != training.state.step
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
