"""Forecasts of disk and time. Both are estimates with an interval, and say from what."""

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.readiness import Estimate
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.ports.machine import MachineFacts
from brewslm.core.recipe.recipe import Recipe
from brewslm.stages.preflight.memory import trained_parameters
from brewslm.stages.preflight.tokens import tokens_of

_FLOPS_PER_CORE_SECOND = 5e10
"""Matrix products of small models on one CPU core, within a factor of three either way."""


def disk(recipe: Recipe, base: BaseModelFacts) -> Estimate:
    """Estimate what the run writes: kept checkpoints (weights and two moments), two more, and logs."""
    checkpoint = trained_parameters(recipe, base) * 4 * 3 + 5_000_000
    kept = recipe.monitor.keep_checkpoints + 1
    expected = kept * checkpoint + 10_000_000
    return Estimate(
        low=float(checkpoint),
        expected=float(expected),
        high=float((kept + 2) * checkpoint + 20_000_000),
        unit="bytes",
        basis="what is trained with two moments for each kept checkpoint, head-room for two more, logs",
    )


def time(recipe: Recipe, manifest: Manifest, base: BaseModelFacts, machine: MachineFacts) -> Estimate:
    """Estimate the training's wall time; not known where a GPU does the work."""
    if machine.gpus:
        return Estimate(low=None, expected=None, high=None, unit="seconds", basis="not measured on this GPU yet")
    train = manifest.split("train")
    examples = (recipe.data.total_steps or 0) * recipe.data.batch_size * recipe.data.gradient_accumulation_steps
    one_pass = tokens_of(manifest, "train", mode=recipe.mode)
    tokens = examples * one_pass / max(train.num_examples, 1)
    scored = _scored_tokens(recipe.mode, tokens, one_pass)
    each = (4.5 if recipe.has_adapter else 6.0) + (2.0 if recipe.activation_checkpointing else 0.0)
    flops = base.num_parameters * (each * tokens + 2 * scored)
    expected = flops / (_FLOPS_PER_CORE_SECOND * machine.num_cores) + 10
    return Estimate(
        low=expected / 3,
        expected=expected,
        high=expected * 3,
        unit="seconds",
        basis=f"parameters x ({each:g} x trained tokens + 2 x tokens that are scored besides) floating-point "
        "operations at 50 GFLOP/s a core, and 10 s to load",
    )


def _scored_tokens(mode: str, tokens: float, one_pass: float) -> float:
    """Tokens that go through the model without a gradient, besides the evaluations.

    The base scores each answer once; of `kto` also each foreign answer, which the policy scores in every step.
    """
    once = min(tokens, one_pass)
    match mode:
        case "dpo":
            return once
        case "kto":
            return 2 * once + tokens
        case _:
            return 0.0
