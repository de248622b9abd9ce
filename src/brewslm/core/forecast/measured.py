"""What finished trainings took on this machine, and how forecasts are corrected by it."""

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from brewslm.core.artifacts.readiness import Estimate
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.ports.machine import MachineFacts
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.value import Value

_NEAREST = 5
"""Of the trainings of a shape, those nearest in size count: what is constant in a run weighs less in a long one."""
_MARGIN, _TIME_MARGIN = 0.10, 0.25
"""How far equal runs differ: beyond the lowest and the highest that were measured."""
_PER_DOUBLING = 0.05
"""How much less is known for each doubling between the run and the nearest one that was measured."""
_FEW = 3.0
"""By so much of itself, over the number of trainings, the margin grows where few were measured: one says little of
other data, whose rows have other lengths (`benchmarks/plan_forecast.py`)."""


class Measurement(Value):
    """One finished training: what was forecast from its terms alone, and what it took."""

    machine: str
    shape: str
    memory_forecast_bytes: float | None
    memory_bytes: float | None
    time_forecast_seconds: float | None
    seconds: float | None
    measured_at: datetime


class Measurements(Protocol):
    """Keeps them for the workspace."""

    def add(self, measurement: Measurement) -> None:
        """Keep one more; what cannot be kept is left out."""

    def all(self) -> tuple[Measurement, ...]:
        """The oldest first."""


class NoMeasurements:
    """A workspace in which nothing was measured, nor will be."""

    def add(self, measurement: Measurement) -> None:
        """Forget it."""

    def all(self) -> tuple[Measurement, ...]:
        """Nothing."""
        return ()


def machine_key(machine: MachineFacts) -> str:
    """Name the machine by what speed and memory depend on."""
    memory = f"{machine.memory_bytes / (1 << 30):.0f} GiB"
    return f"{machine.num_cores} cores, {memory}, {', '.join(machine.gpus) or 'no GPU'}"


def shape_key(recipe: Recipe, base: BaseModelFacts) -> str:
    """Name the model's shape and what is done with it."""
    model = f"{base.model_type} {base.num_layers}x{base.hidden_size}x{base.intermediate_size}, {base.vocab_size} tokens"
    keeps = "checkpointed" if recipe.activation_checkpointing else "whole"
    return f"{model}; {recipe.mode}, {recipe.method}, {recipe.precision}, {recipe.step_path}, {keeps}"


def correct_memory(raw: Estimate, alike: Sequence[Measurement]) -> Estimate:
    """Correct a forecast of memory by trainings of the same shape on this machine."""
    return _corrected(raw, alike, lambda one: (one.memory_forecast_bytes, one.memory_bytes), margin=_MARGIN)


def correct_time(raw: Estimate, alike: Sequence[Measurement]) -> Estimate:
    """Correct a forecast of time likewise."""
    return _corrected(raw, alike, lambda one: (one.time_forecast_seconds, one.seconds), margin=_TIME_MARGIN)


def _corrected(
    raw: Estimate,
    alike: Sequence[Measurement],
    figures: Callable[[Measurement], tuple[float | None, float | None]],
    *,
    margin: float,
) -> Estimate:
    if raw.expected is None:
        return raw
    expected = raw.expected
    known = [(forecast, taken) for forecast, taken in map(figures, alike) if forecast and taken]
    if not known:
        return raw.model_copy(update={"uncorrected": expected})
    nearest = sorted(known, key=lambda pair: abs(math.log2(expected / pair[0])))[:_NEAREST]
    ratios = sorted(taken / forecast for forecast, taken in nearest)
    middle = math.exp(sum(map(math.log, ratios)) / len(ratios))
    spread = 1 + margin * (1 + _FEW / len(nearest)) + _PER_DOUBLING * abs(math.log2(expected / nearest[0][0]))
    runs = "1 training" if len(nearest) == 1 else f"{len(nearest)} trainings"
    return raw.model_copy(
        update={
            "low": expected * ratios[0] / spread,
            "expected": expected * middle,
            "high": expected * ratios[-1] * spread,
            "uncorrected": expected,
            "provenance": "mixed",
            "basis": f"{runs} of this shape on this machine took {middle:.2f} times what this says: {raw.basis}",
        }
    )
