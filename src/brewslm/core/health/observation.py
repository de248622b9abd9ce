"""What the judge is shown: one moment of a training, whatever trainer wrote it down."""

import math
from dataclasses import dataclass
from typing import Literal

Kind = Literal["start", "step", "eval", "checkpoint", "device", "note", "tick", "end"]
"""`start`: an attempt begins. `device`: facts of the machine. `note`: something went on that is no step.
`tick`: nothing happened, only time passed."""

Phase = Literal["starting", "training", "evaluating", "saving"]


@dataclass(frozen=True, slots=True)
class Observation:
    """One record. What a trainer does not say is None; NaN and infinities are kept as they are."""

    kind: Kind
    step: int | None = None
    time: float | None = None
    """Seconds since some moment; only differences are used."""
    clock: float | None = None
    """Seconds of a clock that is never set, where the writer has one; pauses are measured by it."""
    seq: int | None = None
    """Number of the record where the writer numbers them; one that is not higher than the last is a repetition."""
    attempt: int | None = None
    phase: Phase | None = None
    """Of ticks: what the training is doing, where that is known."""

    loss: float | None = None
    eval_loss: float | None = None
    eval_delta_low: float | None = None
    """Lower end of the 95 % interval of tuned minus base on the eval split, nats."""
    grad_norm: float | None = None
    learning_rate: float | None = None
    tokens_per_second: float | None = None
    samples_per_second: float | None = None
    step_seconds: float | None = None
    data_wait: float | None = None
    """Share of a step that waits for data, 0 to 1."""

    memory_bytes: int | None = None
    memory_limit_bytes: int | None = None
    disk_free_bytes: int | None = None
    checkpoint_bytes: int | None = None
    utilisation: float | None = None
    """Of the device, 0 to 1."""
    temperature: float | None = None
    """Of the device's core, °C."""
    memory_temperature: float | None = None
    is_throttled: bool | None = None
    """Whether the device runs slower because of heat or power."""
    num_device_errors: int | None = None
    """Uncorrected errors that the device has counted so far."""

    total_steps: int | None = None
    resumed_from_step: int | None = None
    eval_every: int | None = None
    checkpoint_every: int | None = None
    expected_tokens_per_second: float | None = None
    """What the plan forecast."""


def finite(number: float | None) -> float | None:
    """Return the number, or None where it is missing, NaN or infinite."""
    return number if number is not None and math.isfinite(number) else None
