"""What a peer is asked, and the line that it leaves after each optimiser step."""

import json
import os
import resource
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Task:
    """Read from the JSON file that is the only argument of the command."""

    model: str
    adapter: str | None
    """Where the start adapter is; None for full fine-tuning."""
    rows: str
    num_steps: int
    rows_per_step: int
    batch_size: int
    learning_rate: float
    options: dict[str, Any]
    """The peer's own settings, as its users spell them."""
    folder: str
    """Scratch space of this run."""
    num_threads: int

    @property
    def accumulation(self) -> int:
        return self.rows_per_step // self.batch_size

    def read_rows(self) -> list[dict[str, list[int]]]:
        """The rows of all steps, in order."""
        with Path(self.rows).open() as file:
            return [json.loads(line) for line, _ in zip(file, range(self.num_steps * self.rows_per_step), strict=False)]


def read_task() -> Task:
    os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", CUDA_VISIBLE_DEVICES="", WANDB_DISABLED="true")
    return Task(**json.loads(Path(sys.argv[1]).read_text()))


@dataclass
class Steps:
    """Appends one line a step: `time` when it was over, processor seconds so far, loss, gradient norm."""

    path: Path
    _ended: tuple[float, float] = field(default=(0.0, 0.0))

    def begin(self) -> None:
        """Training begins: what comes before is loading."""
        self._write({"step": 0, **_clock()})

    def end(self) -> None:
        """A step is over; its figures may come later."""
        self._ended = tuple(_clock().values())

    def write(self, step: int, *, loss: float, grad_norm: float | None) -> None:
        seconds, cpu = self._ended
        self._write({"step": step, "time": seconds, "cpu": cpu, "loss": float(loss), "grad_norm": grad_norm})

    def _write(self, line: dict[str, Any]) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def steps_of(task: Task) -> Steps:
    return Steps(Path(task.folder) / "steps.jsonl")


def _clock() -> dict[str, float]:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {"time": time.time(), "cpu": sum(one.ru_utime + one.ru_stime for one in used)}
