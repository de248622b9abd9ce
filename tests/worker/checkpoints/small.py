"""A training of ten weights without a language model: what checkpoints are made of, in microseconds."""

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from brewslm.core.checkpoints.manifest import Fingerprint
from brewslm.core.wire.progress import LogRecord
from brewslm.core.wire.rundir import CHECKPOINTS_FOLDER, LOG_FILE
from brewslm.worker.files import LOCAL_DISK, Disk
from brewslm.worker.journal import Journal
from brewslm.worker.run import Run
from brewslm.worker.train.checkpoints.restoring import resume
from brewslm.worker.train.checkpoints.snapshot import Snapshot, take_snapshot
from brewslm.worker.train.checkpoints.trained import Trainee
from brewslm.worker.train.state import TrainState

FINGERPRINT = Fingerprint(manifest_id="manifest-1", recipe_hash="0" * 64, base_model="tiny")
WEIGHTS_FILE = "weights/model.safetensors"


class PlainWeights:
    """Weights stored under their own names."""

    file = WEIGHTS_FILE

    def __init__(self, model: torch.nn.Module) -> None:
        self._model = model

    def tensors(self) -> dict[str, Tensor]:
        return dict(self._model.named_parameters())

    def put_back(self, tensors: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, weight in self._model.named_parameters():
                weight.copy_(tensors[name])

    def companions(self) -> dict[str, bytes]:
        return {"weights/config.json": b'{"kind": "plain"}'}


class SmallTraining:
    """Counts its steps in its weights."""

    def __init__(self, *, size: int = 3) -> None:
        model: Any = torch.nn.Linear(size, 2)
        self.trainee = Trainee(model, torch.optim.AdamW(model.parameters(), lr=0.1), PlainWeights(model))
        self.state = TrainState()
        self._write_step(0)
        self.trainee.optimizer.zero_grad()

    def step(self) -> TrainState:
        """Make one step; the weights say which."""
        for weight in self.trainee.model.parameters():
            weight.grad = torch.ones_like(weight)
        self.trainee.optimizer.step()
        step = self.state.step + 1
        self._write_step(step)
        self.state = self.state.model_copy(update={"step": step, "evaluated": {step: 1.0 + 1 / step}})
        return self.state

    def weights_say(self) -> int:
        """The step that the weights say they are of; fails where they do not agree among themselves."""
        said = {round(value) for weight in self.trainee.model.parameters() for value in weight.flatten().tolist()}
        assert len(said) == 1
        return said.pop()

    def snapshot(self, *, pinned_for: str | None = None, fingerprint: Fingerprint = FINGERPRINT) -> Snapshot:
        return take_snapshot(self.trainee, self.state, fingerprint=fingerprint, pinned_for=pinned_for)

    def resume(self, folder: Path, *, fingerprint: Fingerprint = FINGERPRINT) -> list[str]:
        """Go on from what is in a run directory; returns the notices."""
        state, notices = resume(folder / CHECKPOINTS_FOLDER, self.trainee, fingerprint=fingerprint, disk=LOCAL_DISK)
        self.state = state or TrainState()
        return notices

    def _write_step(self, step: int) -> None:
        with torch.no_grad():
            for weight in self.trainee.model.parameters():
                weight.fill_(step)


def new_run(folder: Path, *, attempt: int = 1, disk: Disk = LOCAL_DISK) -> Run:
    folder.mkdir(exist_ok=True)
    return Run(folder, attempt, Journal(folder / LOG_FILE, attempt=attempt, disk=disk), disk=disk)


def log_step(run: Run, step: int) -> None:
    run.journal.append(
        LogRecord(
            **run.journal.stamp(),
            step=step,
            total_steps=100,
            epoch=0.0,
            loss=1 / step,
            learning_rate=0.1,
            grad_norm=math.pi,
            tokens_per_second=None,
            samples_per_second=None,
            step_seconds=0.0,
            memory_bytes=None,
        )
    )
