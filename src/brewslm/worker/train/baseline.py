"""Baseline first: what the untuned base loses, and how sure we are that the adapter loses less."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from brewslm.core.value import Value
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.progress import BaselineRecord
from brewslm.worker.failure import NotFiniteError
from brewslm.worker.files import write_whole
from brewslm.worker.run import Run
from brewslm.worker.train.objectives.objective import Objective

BASELINE_FILE = "baseline.json"
SHARE_OF_TIME = 0.01
"""Of the run's time that scoring the base beside the adapter may cost."""
NUM_RESAMPLES = 2000


class _BaselineFile(Value):
    """Losses of the base on the eval split, kept so that a resumed run need not measure them again."""

    manifest_id: str
    base_model: str
    precision: str
    losses: tuple[float, ...]


class BaselineBudget:
    """Decides when the base is scored beside the adapter: at the first record, then as the time allows."""

    def __init__(self, *, seconds_spent: float) -> None:
        """Continue with what earlier attempts spent."""
        self.seconds_spent = seconds_spent
        self._seconds_each = 0.0
        self._is_first = seconds_spent == 0.0

    def allows(self, training_seconds: float) -> bool:
        """Whether one more measurement keeps within the share of `training_seconds`."""
        return self._is_first or self.seconds_spent + self._seconds_each <= SHARE_OF_TIME * training_seconds

    def spend(self, seconds: float) -> None:
        """Count a measurement; the dearest one is what the next is expected to cost."""
        self.seconds_spent += seconds
        self._seconds_each = max(self._seconds_each, seconds)
        self._is_first = False


def base_losses(
    objective: Objective[Any], untuned: Callable[[], AbstractContextManager[None]], *, order: TrainOrder, run: Run
) -> NDArray[np.float64]:
    """Return the losses of the untuned base on the eval split, [num_examples], measured once in the run's life.

    Args:
        objective: of the model that is trained.
        untuned: makes of it the base.
        order: names data and base, which must be those of the file.
        run: its first process keeps the file, and the record in its journal.

    Raises:
        NotFiniteError: the base model itself is broken.
    """
    path = run.folder / BASELINE_FILE
    same = {"manifest_id": order.manifest_id, "base_model": order.base_model, "precision": order.recipe.precision}
    try:
        kept = _BaselineFile.model_validate_json(path.read_bytes())
        if kept.model_dump(exclude={"losses"}) == same and len(kept.losses) == len(objective.eval_units):
            return np.array(kept.losses)
    except (OSError, ValidationError):
        pass
    with untuned():
        losses = objective.eval_scores().losses
    if not np.isfinite(losses).all():
        raise NotFiniteError(
            f"The loss of the base model {order.base_model!r} on the eval split is not finite.", step=0
        )
    num_units = int(objective.eval_units.sum())
    run.journal.append(
        BaselineRecord(
            **run.journal.stamp(),
            eval_loss=float(losses.sum() / num_units),
            num_examples=len(losses),
            num_tokens=num_units,
        )
    )
    if run.processes.is_first:
        run.journal.sync()  # the file keeps a later attempt from writing the record
        write_whole(
            path, _BaselineFile(**same, losses=tuple(losses.tolist())).model_dump_json().encode(), disk=run.disk
        )
    return losses


def paired_interval(
    differences: NDArray[np.float64], num_tokens: NDArray[np.int64], *, seed: int
) -> tuple[float, float]:
    """Return the 95 % interval of the mean difference per token, by the paired percentile bootstrap over examples.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.

    Args:
        differences: [num_examples], tuned minus base, each summed over the example's tokens.
        num_tokens: [num_examples].
        seed: makes the interval repeatable.
    """
    random = np.random.default_rng(seed)
    count = len(differences)
    means = np.empty(NUM_RESAMPLES)
    for resample in range(NUM_RESAMPLES):
        drawn = np.bincount(random.integers(count, size=count), minlength=count)
        means[resample] = (drawn @ differences) / max(1, int(drawn @ num_tokens))
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
