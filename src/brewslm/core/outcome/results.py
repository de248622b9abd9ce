"""What a training came to, for people and programs: `results.yaml`, rendered from the worker's result."""

from typing import Literal

from pydantic import model_validator

from brewslm.core.recipe.recipe import Recipe
from brewslm.core.value import Value
from brewslm.core.wire.result import TrainEnd, TrainResult

Metrics = dict[str, dict[str, float | None]]
"""Split to name to value; null was not measured."""
Provenance = Literal["measured", "estimated", "not measured"]


class Delta(Value):
    """A difference between tuned and base on the same examples."""

    value: float
    low: float | None = None
    """95 % interval over examples, paired bootstrap; null where it was not measured."""
    high: float | None = None


class LengthRate(Value):
    """How fast examples of about one length went through the model, forward and backward."""

    up_to_tokens: int
    """Mean length of the examples of a micro-batch, at most."""
    tokens_per_second: float
    num_tokens: int


class Ending(Value):
    """Why the training ended."""

    by: TrainEnd
    step: int
    why: str


class Results(Value):
    """The figures of one training.

    Losses are nats per trained token; of `dpo` and `orpo` per pair, of `kto` per answer. It is only made of a training
    that produced something: a metric without a baseline, or no eval loss, is refused.
    """

    schema_version: Literal[1] = 1
    experiment: str
    status: Literal["completed", "cancelled"]
    ended: Ending
    base_model: str
    mode: str
    method: str
    total_steps: int
    best_step: int
    """Of the checkpoint that the metrics of the eval split are of."""
    num_attempts: int
    training_time_hours: float
    """Wall time over all attempts, with loading, baseline and evaluations."""
    metrics: Metrics
    """`train`: of the batch of step `train_step`. `eval`: of the whole split, at step `best_step`."""
    train_step: int | None
    """The newest step whose batch was scored under the base, too, which at most a hundredth of the time is spent on."""
    baselines: Metrics
    """The untuned base on the same examples, with the same keys."""
    deltas: dict[str, dict[str, Delta | None]]
    final_train_loss: float | None
    """Mean over the last logged steps; the base was not scored on all of them."""
    num_tokens: int
    tokens_per_second: float | None
    """Of optimiser steps, over the whole run."""
    throughput: tuple[LengthRate, ...]
    """By sequence length, the shortest first; of one process."""
    memory_peak_gb: float | None
    cost: float | None
    """In the money of `budget.cost_per_hour` and `budget.price_per_kwh`."""
    energy_kwh: float | None = None
    """Where `budget.power_watts` is set."""
    provenance: dict[str, Provenance]

    @model_validator(mode="after")
    def _is_complete(self) -> "Results":
        problems = [
            f"{place}.{name} has no counterpart"
            for place, ours, theirs in (
                ("metrics", _keys(self.metrics), _keys(self.baselines)),
                ("baselines", _keys(self.baselines), _keys(self.metrics)),
            )
            for name in sorted(ours - theirs)
        ]
        for place, found in (("metrics", self.metrics), ("baselines", self.baselines)):
            if found.get("eval", {}).get("loss") is None:
                problems.append(f"{place}.eval.loss was not measured")
        if self.ended.step < 1 or self.best_step < 1:
            problems.append("no step was made")
        if problems:
            raise ValueError(f"the results are not complete: {'; '.join(problems)}")
        return self


def results_of(result: TrainResult, recipe: Recipe, *, experiment: str) -> Results:
    """Render the result of a training.

    Raises:
        ValueError: it is not complete.
    """
    metrics, baselines, deltas = _compared(result)
    cost = None if recipe.budget is None else recipe.budget.cost_at(result.training_seconds)
    kwh = None if recipe.budget is None else recipe.budget.kwh_at(result.training_seconds)
    figures: dict[str, float | None] = {
        "training_time_hours": round(result.training_seconds / 3600, 6),
        "final_train_loss": result.final_train_loss,
        "tokens_per_second": _rate(result.num_tokens_seen, result.step_seconds),
        "memory_peak_gb": None if result.peak_memory_bytes is None else round(result.peak_memory_bytes / 1e9, 3),
    }
    measured: dict[str, Provenance] = {
        name: "not measured" if value is None else "measured"
        for name, value in {**figures, "throughput": result.passes or None}.items()
    }
    spent: dict[str, Provenance] = {
        name: "estimated" for name, value in (("cost", cost), ("energy_kwh", kwh)) if value is not None
    }
    return Results.model_validate(
        {
            "experiment": experiment,
            "status": result.status,
            "ended": Ending(by=result.end, step=result.last_step, why=result.why),
            "base_model": recipe.base_model,
            "mode": recipe.mode,
            "method": recipe.method,
            "total_steps": result.total_steps,
            "best_step": result.step,
            "num_attempts": result.num_attempts,
            "metrics": metrics,
            "train_step": None if result.last_pair is None else result.last_pair.step,
            "baselines": baselines,
            "deltas": deltas,
            "num_tokens": result.num_tokens_seen,
            "throughput": tuple(
                LengthRate(
                    up_to_tokens=one.up_to_tokens,
                    tokens_per_second=round(one.num_tokens / max(one.seconds, 1e-9), 1),
                    num_tokens=one.num_tokens,
                )
                for one in result.passes
            ),
            "cost": None if cost is None else round(cost, 4),
            "energy_kwh": None if kwh is None else round(kwh, 6),
            "provenance": {"metrics": "measured", "baselines": "measured", **measured, **spent},
            **figures,
        }
    )


def _compared(result: TrainResult) -> tuple[Metrics, Metrics, dict[str, dict[str, Delta | None]]]:
    """Return metrics, baselines, and the differences of the losses."""
    pair = result.last_pair
    tuned, base = (None, None) if pair is None else (pair.loss, pair.baseline_loss)
    metrics: Metrics = {"train": {"loss": tuned}, "eval": {"loss": result.eval_loss}}
    baselines: Metrics = {"train": {"loss": base}, "eval": {"loss": result.base_eval_loss}}
    if result.rewards is not None:
        for name in ("accuracy", "margin"):
            metrics["eval"][f"reward_{name}"] = getattr(result.rewards, name)
            baselines["eval"][f"reward_{name}"] = getattr(result.rewards, f"baseline_{name}")
    of_train = None if pair is None else Delta(value=pair.loss - pair.baseline_loss)
    difference = result.eval_loss - result.base_eval_loss
    of_eval = Delta(value=difference, low=result.delta_low, high=result.delta_high)
    return metrics, baselines, {"train": {"loss": of_train}, "eval": {"loss": of_eval}}


def _rate(number: int, seconds: float | None) -> float | None:
    return None if seconds is None else round(number / max(seconds, 1e-9), 1)


def _keys(metrics: Metrics) -> set[str]:
    return {f"{split}.{name}" for split, found in metrics.items() for name in found}
