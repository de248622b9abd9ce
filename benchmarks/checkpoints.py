"""What a checkpoint costs the training: `python benchmarks/checkpoints.py [FOLDER]`.

Saves the state of a training of so many trained weights (float32, two moments each) ten times, by turns beside the
training and waiting for the disk, as a training would that writes by itself. Prints medians of the training's thread:
how long it is held up, the processor's time in that, and how long it would wait; and the size of a checkpoint.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from brewslm.core.wire.rundir import LOG_FILE
from brewslm.worker.journal import Journal
from brewslm.worker.run import Run
from brewslm.worker.train.checkpoints.snapshot import Snapshot, take_snapshot
from brewslm.worker.train.checkpoints.trained import Trainee
from brewslm.worker.train.checkpoints.writer import CheckpointWriter
from brewslm.worker.train.state import Fingerprint, TrainState

ROUNDS = 5
SHAPES = {
    "LoRA r=16 of 30M": (96, 16 * 1024),
    "LoRA r=16 of 135M": (420, 12 * 1024),
    "full 30M": (60, 512 * 1024),
}
"""Number of weight matrices, and numbers in each."""


class PlainWeights:
    """Weights under their own names."""

    file = "weights/model.safetensors"

    def __init__(self, model: torch.nn.ParameterList) -> None:
        self._model = model

    def tensors(self) -> dict[str, torch.Tensor]:
        return dict(self._model.named_parameters())

    def put_back(self, tensors: dict[str, torch.Tensor]) -> None:
        raise NotImplementedError

    def companions(self) -> dict[str, bytes]:
        return {}


def new_trainee(num: int, size: int) -> Trainee:
    model = torch.nn.ParameterList(torch.nn.Parameter(torch.randn(size)) for _ in range(num))
    optimizer = torch.optim.AdamW(model.parameters())
    for weight in model.parameters():
        weight.grad = torch.randn_like(weight)
    optimizer.step()
    return Trainee(model, optimizer, PlainWeights(model))


def paid(work: Callable[[], None]) -> tuple[float, float]:
    """Return the processor's and the clock's seconds of this thread."""
    processor, clock = time.thread_time(), time.perf_counter()
    work()
    return time.thread_time() - processor, time.perf_counter() - clock


def measure(folder: Path, num: int, size: int) -> tuple[list[tuple[float, float]], list[float]]:
    """Return what each save cost beside the training, and how long each took that was waited for."""
    trainee = new_trainee(num, size)
    beside: list[tuple[float, float]] = []
    waiting: list[float] = []
    run = Run(folder, 1, Journal(folder / LOG_FILE, attempt=1))
    step = 0

    def snapshot() -> Snapshot:
        fingerprint = Fingerprint(manifest_id="m", recipe_hash="r", base_model="b")
        return take_snapshot(trainee, TrainState(step=step), fingerprint=fingerprint)

    with CheckpointWriter(run, keep=1) as writer:

        def save_and_wait() -> None:
            writer.submit(snapshot)
            writer.wait()

        for _ in range(ROUNDS):
            step += 1
            waiting.append(paid(save_and_wait)[1])
            step += 1
            beside.append(paid(lambda: writer.submit(snapshot)))
            writer.wait()
    return beside, waiting


def main(root: Path) -> None:
    print(f"{'trained':20} {'held up, ms':>12} {'of its processor':>17} {'would wait, ms':>15} {'MB':>6}")
    for name, (num, size) in SHAPES.items():
        folder = root / name.replace(" ", "-")
        folder.mkdir()
        beside, waiting = measure(folder, num, size)
        processor, held = (statistics.median(one[place] for one in beside) for place in (0, 1))
        wait, megabytes = statistics.median(waiting), 3 * num * size * 4 / 1e6
        print(f"{name:20} {held * 1e3:12.1f} {processor * 1e3:17.1f} {wait * 1e3:15.1f} {megabytes:6.0f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch))
