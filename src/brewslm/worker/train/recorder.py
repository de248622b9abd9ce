"""What a training writes into its journal, and the sums that it keeps between records."""

import contextlib
import math
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brewslm.core.wire.progress import EvalRecord, LogRecord
from brewslm.core.wire.result import PairedLoss, PassRate
from brewslm.worker.journal import Journal, split_non_finite
from brewslm.worker.train.baseline import paired_interval
from brewslm.worker.train.objectives.objective import Batch, EvalScores
from brewslm.worker.train.state import TrainState, Window

SHORTEST_LENGTH = 32
"""Examples up to this length are told together."""


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """One optimiser step."""

    loss_sum: float
    num_units: int
    num_tokens: int
    num_examples: int
    grad_norm: float
    """Before clipping."""
    learning_rate: float
    seconds: float

    @property
    def loss(self) -> float:
        """Mean per unit of this step's batch: per trained token, or per pair."""
        return self.loss_sum / max(1, self.num_units)


def add_step(state: TrainState, outcome: StepOutcome) -> TrainState:
    """Return the state after one more step."""
    window = state.window
    return state.model_copy(
        update={
            "step": state.step + 1,
            "num_tokens_seen": state.num_tokens_seen + outcome.num_tokens,
            "training_seconds": state.training_seconds + outcome.seconds,
            "window": Window(
                loss_sum=window.loss_sum + outcome.loss_sum,
                num_units=window.num_units + outcome.num_units,
                num_tokens=window.num_tokens + outcome.num_tokens,
                num_examples=window.num_examples + outcome.num_examples,
                num_steps=window.num_steps + 1,
                seconds=window.seconds + outcome.seconds,
            ),
        }
    )


def add_pass(state: TrainState, batch: Batch, seconds: float) -> TrainState:
    """Return the state after one more micro-batch, which took so long forward and backward."""
    mean_length = math.ceil(batch.num_tokens / max(1, batch.num_examples))
    up_to = max(SHORTEST_LENGTH, 1 << (mean_length - 1).bit_length())
    tokens, before = state.passes.get(up_to, (0, 0.0))
    return state.model_copy(update={"passes": {**state.passes, up_to: (tokens + batch.num_tokens, before + seconds)}})


def pass_rates(state: TrainState) -> tuple[PassRate, ...]:
    """Return how fast micro-batches went through, by length."""
    return tuple(
        PassRate(up_to_tokens=up_to, num_tokens=tokens, seconds=seconds)
        for up_to, (tokens, seconds) in sorted(state.passes.items())
    )


def write_log(
    journal: Journal,
    state: TrainState,
    outcome: StepOutcome,
    *,
    total_steps: int,
    epoch: float,
    baseline_loss: float | None,
) -> TrainState:
    """Write the record of the window that ends with this step, and begin a new window."""
    window = state.window
    loss = window.loss_sum / max(1, window.num_units)
    batch_loss = None if baseline_loss is None else outcome.loss
    measured: dict[str, float | None] = {
        "loss": loss,
        "grad_norm": outcome.grad_norm,
        "batch_loss": batch_loss,
        "delta": None if batch_loss is None or baseline_loss is None else batch_loss - baseline_loss,
    }
    plain, non_finite = split_non_finite(measured)
    seconds = max(window.seconds, 1e-9)
    journal.append(
        LogRecord(
            **journal.stamp(),
            step=state.step,
            total_steps=total_steps,
            epoch=epoch,
            loss=plain["loss"],
            baseline_loss=baseline_loss,
            batch_loss=plain["batch_loss"],
            delta=plain["delta"],
            learning_rate=outcome.learning_rate,
            grad_norm=plain["grad_norm"],
            tokens_per_second=window.num_tokens / seconds,
            samples_per_second=window.num_examples / seconds,
            step_seconds=window.seconds / max(1, window.num_steps),
            memory_bytes=peak_memory_bytes(),
            non_finite=non_finite,
        )
    )
    new: dict[str, Any] = {"window": Window(), "last_loss": plain["loss"]}
    if plain["batch_loss"] is not None and baseline_loss is not None:
        new["last_pair"] = PairedLoss(step=state.step, loss=plain["batch_loss"], baseline_loss=baseline_loss)
    return state.model_copy(update=new)


def write_eval(
    journal: Journal,
    state: TrainState,
    *,
    base: NDArray[np.float64],
    scores: EvalScores,
    num_units: NDArray[np.int64],
) -> TrainState:
    """Write the comparison of adapter and base on the eval split, and remember its loss and rewards."""
    tuned = scores.losses
    total = int(num_units.sum())
    baseline_loss, eval_loss = float(base.sum() / total), float(tuned.sum() / total)
    plain, non_finite = split_non_finite({"eval_loss": eval_loss, "delta": eval_loss - baseline_loss})
    low, high = paired_interval(tuned - base, num_units, seed=0) if not non_finite else (None, None)
    journal.append(
        EvalRecord(
            **journal.stamp(),
            step=state.step,
            eval_loss=plain["eval_loss"],
            baseline_loss=baseline_loss,
            delta=plain["delta"],
            delta_low=low,
            delta_high=high,
            rewards=None if non_finite else scores.rewards,
            non_finite=non_finite,
        )
    )
    if non_finite:
        return state
    new: dict[str, Any] = {"evaluated": {**state.evaluated, state.step: eval_loss}}
    if low is not None and high is not None:
        new["intervals"] = {**state.intervals, state.step: (low, high)}
    if scores.rewards is not None:
        new["rewards"] = {**state.rewards, state.step: scores.rewards}
    return state.model_copy(update=new)


def peak_memory_bytes() -> int:
    """Return the peak resident memory of this process so far.

    What `getrusage` says begins, on Linux, with the peak of the process that started this one.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
