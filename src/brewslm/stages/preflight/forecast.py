"""Forecasts of disk, time, tokens, energy and cost. All are estimates with an interval, and say from what."""

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.readiness import Estimate
from brewslm.core.forecast.power import PRICE_PER_KWH, PRICE_SOURCE, power_of
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.ports.machine import MachineFacts
from brewslm.core.recipe.recipe import Recipe
from brewslm.stages.preflight.memory import trained_parameters
from brewslm.stages.preflight.tokens import tokens_of

_FLOPS_PER_CORE_SECOND = 5e10
"""Matrix products of small models on one CPU core, within a factor of three either way."""
_LOGS_BYTES = 10_000_000
_LEAST_POWER_SHARE = 0.4
"""Of the full power, drawn where the device waits for memory most of the time."""


def disk(recipe: Recipe, base: BaseModelFacts) -> Estimate:
    """Estimate what the run and its export write: kept checkpoints (weights and two moments), two more, and logs."""
    checkpoint = trained_parameters(recipe, base) * 4 * 3 + 5_000_000
    kept = recipe.monitor.keep_checkpoints + 1
    export = base.weight_bytes
    expected = kept * checkpoint + _LOGS_BYTES + export
    return Estimate(
        low=float(checkpoint),
        expected=float(expected),
        high=float((kept + 2) * checkpoint + 2 * _LOGS_BYTES + export),
        unit="bytes",
        basis=f"{kept} kept checkpoints of {checkpoint / 1e6:,.0f} MB (what is trained, with two moments), head-room "
        f"for two more, logs, and an export of {export / 1e6:,.0f} MB",
    )


def tokens(recipe: Recipe, manifest: Manifest) -> Estimate:
    """Count the tokens of the examples that go through training; exact where examples are of one length."""
    count = float(round(_num_tokens(recipe, manifest)))
    examples = _num_examples(recipe)
    return Estimate(
        low=count,
        expected=count,
        high=count,
        unit="tokens",
        basis=f"{examples:,} examples of {count / max(examples, 1):,.0f} tokens on average",
    )


def time(recipe: Recipe, manifest: Manifest, base: BaseModelFacts, machine: MachineFacts) -> Estimate:
    """Estimate the training's wall time; not known where a GPU does the work."""
    if machine.gpus:
        return Estimate(low=None, expected=None, high=None, unit="seconds", basis="not measured on this GPU yet")
    one_pass = tokens_of(manifest, "train", mode=recipe.mode)
    count = _num_tokens(recipe, manifest)
    scored = _scored_tokens(recipe.mode, count, one_pass)
    each = (4.5 if recipe.has_adapter else 6.0) + (2.0 if recipe.activation_checkpointing else 0.0)
    flops = base.num_parameters * (each * count + 2 * scored)
    expected = flops / (_FLOPS_PER_CORE_SECOND * machine.num_cores) + 10
    return Estimate(
        low=expected / 3,
        expected=expected,
        high=expected * 3,
        unit="seconds",
        basis=f"parameters x ({each:g} x trained tokens + 2 x tokens that are scored besides) floating-point "
        "operations at 50 GFLOP/s a core, and 10 s to load",
    )


def energy(recipe: Recipe, seconds: Estimate, machine: MachineFacts) -> Estimate:
    """Estimate the energy from the time and what the device draws."""
    power = power_of(machine)
    watts, source = power.watts, power.source
    if recipe.budget is not None and recipe.budget.power_watts is not None:
        watts, source = recipe.budget.power_watts, "budget.power_watts"
    return _of_time(seconds, watts / 3.6e6, "kWh", f"{watts:g} W ({source}) times the time", least=_LEAST_POWER_SHARE)


def cost(recipe: Recipe, seconds: Estimate, used: Estimate) -> Estimate:
    """Estimate the cost: by the prices of the budget, else of the electricity alone."""
    budget = recipe.budget
    if budget is not None and budget.prices:
        return _of_time(seconds, (budget.cost_at(3600.0) or 0.0) / 3600.0, "money", budget.prices)
    return used.model_copy(
        update={
            "low": None if used.low is None else used.low * PRICE_PER_KWH,
            "expected": None if used.expected is None else used.expected * PRICE_PER_KWH,
            "high": None if used.high is None else used.high * PRICE_PER_KWH,
            "unit": "money",
            "basis": PRICE_SOURCE,
            "uncorrected": None,
        }
    )


def _of_time(seconds: Estimate, rate: float, unit: str, basis: str, *, least: float = 1.0) -> Estimate:
    """Return what is proportional to the time, in parts of `unit` a second."""
    low, expected, high = seconds.low, seconds.expected, seconds.high
    return Estimate.model_validate(
        {
            "low": None if low is None else low * rate * least,
            "expected": None if expected is None else expected * rate,
            "high": None if high is None else high * rate,
            "unit": unit,
            "basis": basis if expected is not None else f"{basis}, which is not known",
        }
    )


def _num_examples(recipe: Recipe) -> int:
    return (recipe.data.total_steps or 0) * recipe.data.batch_size * recipe.data.gradient_accumulation_steps


def _num_tokens(recipe: Recipe, manifest: Manifest) -> float:
    train = manifest.split("train")
    one_pass = tokens_of(manifest, "train", mode=recipe.mode)
    return _num_examples(recipe) * one_pass / max(train.num_examples, 1)


def _scored_tokens(mode: str, count: float, one_pass: float) -> float:
    """Tokens that go through the model without a gradient, besides the evaluations.

    The base scores each answer once; of `kto` also each foreign answer, which the policy scores in every step.
    """
    once = min(count, one_pass)
    match mode:
        case "dpo":
            return once
        case "kto":
            return 2 * once + count
        case _:
            return 0.0
