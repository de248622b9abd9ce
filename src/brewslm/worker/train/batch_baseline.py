"""What the untuned base loses on the very batch that a step has learnt from."""

import json
import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from brewslm.core.value import Value
from brewslm.worker.files import write_whole
from brewslm.worker.models import AnyModel
from brewslm.worker.processes import Processes
from brewslm.worker.scoring import scored_in_lockstep
from brewslm.worker.train.baseline import SHARE_OF_TIME, BaselineBudget
from brewslm.worker.train.batches import Curriculum
from brewslm.worker.train.objectives.objective import Batch, Objective, with_units

BATCH_BASELINE_FILE = "baseline_batches.json"
STEP_OVER_FORWARD = 2
"""Time of a training step over that of a forward pass, at least: the backward pass has twice the products (Kaplan et
al. 2020, arXiv:2001.08361, section 2.1), but is spared where nothing asks for it (measured: docs/performance.md)."""

Untuned = Callable[[], AbstractContextManager[None]]


class BatchBaseline(Protocol):
    """Knows, or finds out, the base's loss on a batch, within its share of the run's time."""

    @property
    def seconds_spent(self) -> float:
        """On this, by this and earlier attempts."""
        ...

    def loss_of(self, step: int, batches: Sequence[Batch], *, num_units: int, training_seconds: float) -> float | None:
        """Return the mean loss per unit of the base on the examples of this step; None where it is not to be had.

        Args:
            step: the optimiser step.
            batches: this process's share of it.
            num_units: of all processes.
            training_seconds: of all steps so far.
        """
        ...


class SideBySide:
    """Scores the batch with the adapter switched off, when time allows."""

    def __init__(
        self,
        model: AnyModel,
        objective: Objective[Any],
        untuned: Untuned,
        processes: Processes,
        *,
        seconds_spent: float,
    ) -> None:
        """Continue with what earlier attempts spent."""
        self._model, self._objective, self._untuned, self._processes = model, objective, untuned, processes
        self._budget = BaselineBudget(seconds_spent=seconds_spent)

    @property
    def seconds_spent(self) -> float:
        """On this, by this and earlier attempts."""
        return self._budget.seconds_spent

    def loss_of(self, step: int, batches: Sequence[Batch], *, num_units: int, training_seconds: float) -> float | None:
        """Return the base's loss where the share of `training_seconds` is not used up; the first process decides."""
        del step
        (is_affordable,) = self._processes.any(self._processes.is_first and self._budget.allows(training_seconds))
        if not is_affordable:
            return None
        began_at = time.monotonic()
        with self._untuned():
            loss_sum = _summed(self._model, self._objective, batches, self._processes)
        self._budget.spend(time.monotonic() - began_at)
        return loss_sum / max(1, num_units)


class _File(Value):
    """Summed losses by step, kept so that a resumed run, which no longer has the base, knows them."""

    fingerprint: str
    losses: dict[int, float]


class UpFront:
    """Scores the batches of chosen steps before the first one: no base is left once all weights are trained."""

    def __init__(self, losses: dict[int, float], *, seconds_spent: float) -> None:
        """Know these summed losses by step."""
        self._losses, self._seconds_spent = losses, seconds_spent

    @property
    def seconds_spent(self) -> float:
        """On this, by the attempt that scored."""
        return self._seconds_spent

    def loss_of(self, step: int, batches: Sequence[Batch], *, num_units: int, training_seconds: float) -> float | None:
        """Return the base's loss where this step was chosen."""
        del batches, training_seconds
        found = self._losses.get(step)
        return None if found is None else found / max(1, num_units)


def score_up_front(  # noqa: PLR0913 - the parts of a training
    model: AnyModel,
    objective: Objective[Any],
    untuned: Untuned,
    curriculum: Curriculum,
    processes: Processes,
    *,
    path: Path,
    log_every: int,
    run_id: str,
) -> UpFront:
    """Score the batches of as many logged steps as the share of the run's time pays; once in the run's life.

    Args:
        model: what is trained.
        objective: of that model.
        untuned: makes of it the base.
        curriculum: says which examples each step sees.
        processes: share the work; the first keeps the file.
        path: the file in the run directory that keeps the losses.
        log_every: steps between records.
        run_id: what data, recipe and base are of; what was kept of another is measured anew.
    """
    try:
        kept = _File.model_validate_json(path.read_bytes())
        if kept.fingerprint == run_id:
            return UpFront(kept.losses, seconds_spent=0.0)
    except (OSError, ValidationError):
        pass
    began_at = time.monotonic()
    losses = {}
    with untuned():
        for step in affordable_steps(curriculum.total_steps, log_every):
            batches = [objective.pack(indices) for indices in curriculum.micro_batches(step, processes)]
            losses[step] = _summed(model, objective, batches, processes)
    finite = {step: loss for step, loss in losses.items() if math.isfinite(loss)}
    if processes.is_first:
        write_whole(path, json.dumps({"fingerprint": run_id, "losses": finite}).encode())
    return UpFront(finite, seconds_spent=time.monotonic() - began_at)


def _summed(model: AnyModel, objective: Objective[Any], batches: Sequence[Batch], processes: Processes) -> float:
    """Return the loss of a step's batches, summed over all processes."""
    passes = scored_in_lockstep(model, with_units(batches), processes)
    return processes.total(sum(objective.loss_of(batch) for batch in passes))[0]


def affordable_steps(total_steps: int, log_every: int) -> list[int]:
    """Return the logged steps, evenly spread from the first to the last, that the base is scored on."""
    logged = sorted({*range(log_every, total_steps + 1, log_every), total_steps})
    number = min(len(logged), max(1, int(SHARE_OF_TIME * total_steps * STEP_OVER_FORWARD)))
    if number == 1:
        return logged[:1]
    return [logged[place * (len(logged) - 1) // (number - 1)] for place in range(number)]
