"""A training as it stands after a step, copied, so that it can be written while the training goes on."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from brewslm.core.checkpoints.manifest import OPTIMIZER_FILE, RNG_FILE, STATE_FILE, Fingerprint, Health
from brewslm.core.wire.rundir import PINNED_FILE
from brewslm.worker.failure import NotFiniteError
from brewslm.worker.sharding.weights import whole
from brewslm.worker.train.checkpoints.trained import Trainee
from brewslm.worker.train.state import StateFile, TrainState, random_state


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a checkpoint will hold."""

    step: int
    eval_loss: float | None
    fingerprint: Fingerprint
    weights_file: str
    tensors: dict[str, dict[str, Tensor]]
    """By file, then by name."""
    plain: dict[str, bytes]
    """Other files by their path in the checkpoint."""
    markers: dict[str, bytes]
    """Files that say something about the checkpoint, and are no part of what its manifest vouches for."""

    def health(self) -> Health:
        """Return how large the numbers are.

        Raises:
            NotFiniteError: a weight or a moment is not finite.
        """
        return Health(
            largest_weight=self._largest("weight", self.weights_file),
            largest_moment=self._largest("optimiser's moment", OPTIMIZER_FILE),
        )

    def _largest(self, kind: str, file: str) -> float:
        name, size = largest_number(self.tensors[file])
        if not math.isfinite(size):
            raise NotFiniteError(f"A {kind} of step {self.step} is not finite: {name!r}.", step=self.step)
        return size


def take_snapshot(
    trainee: Trainee, state: TrainState, *, fingerprint: Fingerprint, pinned_for: str | None = None
) -> Snapshot:
    """Copy weights, moments and random sources as they are now.

    Args:
        trainee: at a step's boundary.
        state: of the same step.
        fingerprint: what the checkpoint will belong to.
        pinned_for: why the checkpoint is to be kept for good; empty or None where it is not.
    """
    random_tensors, random_plain = random_state()
    return Snapshot(
        step=state.step,
        eval_loss=state.evaluated.get(state.step),
        fingerprint=fingerprint,
        weights_file=trainee.stored.file,
        tensors={
            trainee.stored.file: _copied(trainee.stored.tensors()),
            OPTIMIZER_FILE: _copied(trainee.moments()),
            RNG_FILE: random_tensors,
        },
        plain={
            **trainee.stored.companions(),
            STATE_FILE: StateFile(state=state, random=random_plain).model_dump_json().encode(),
        },
        markers={PINNED_FILE: pinned_for.encode()} if pinned_for else {},
    )


def largest_number(tensors: dict[str, Tensor]) -> tuple[str, float]:
    """Return the largest absolute value and whose it is; where a tensor holds NaN or an infinity, that one."""
    largest = ("", 0.0)
    for name, tensor in tensors.items():
        if not tensor.is_floating_point() or not tensor.numel():
            continue
        low, high = tensor.aminmax()
        size = max(-low.item(), high.item())
        if not math.isfinite(size):
            return name, size
        largest = max(largest, (name, size), key=lambda pair: pair[1])
    return largest


def _copied(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: whole(tensor.detach()).to("cpu", copy=True, memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }
