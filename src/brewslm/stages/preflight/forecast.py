"""Forecasts. All of them are estimates with an interval, and say from what."""

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.readiness import Estimate
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.ports.machine import MachineFacts
from brewslm.core.recipe.recipe import Recipe
from brewslm.stages.preflight.tokens import tokens_of

_BYTES = {"float32": 4, "bfloat16": 2}
_FRAMEWORK_BYTES = 450_000_000
"""A process with torch, transformers and peft loaded and no model: 430 to 470 MB resident on Linux x86-64."""
_LINEARS_PER_LAYER = 7
"""Query, key, value, output, gate, up, down."""
_FLOPS_PER_CORE_SECOND = 5e10
"""Matrix products of small models on one CPU core, within a factor of three either way."""
_LOGITS_AT_ONCE = 4 * (1 << 24)
"""Of a step: a chunk of logits, their float32 form, and the gradients of both."""


def trained_parameters(recipe: Recipe, base: BaseModelFacts) -> int:
    """Estimate what is trained: all weights, or an adapter on all linear layers, rank x (in + out) for each."""
    if not recipe.has_adapter:
        return base.num_parameters
    wide = 4 * base.hidden_size
    per_layer = recipe.lora.lora_rank * (4 * 2 * base.hidden_size + 3 * (base.hidden_size + wide))
    return base.num_layers * per_layer


def memory(recipe: Recipe, manifest: Manifest, base: BaseModelFacts) -> Estimate:
    """Estimate the worker's peak resident memory."""
    width = weight_bytes(recipe)
    train = manifest.split("train")
    mean_tokens = tokens_of(manifest, "train", mode=recipe.mode) / max(train.num_examples, 1)
    batch_tokens = min(recipe.data.batch_size * mean_tokens, max(recipe.data.micro_batch_tokens, mean_tokens))
    weights = base.num_parameters * width
    trained = trained_parameters(recipe, base) * 4 * (4 if recipe.has_adapter else 3)
    activations = batch_tokens * token_bytes(recipe, base)
    logits = min(batch_tokens * base.vocab_size * 4, _LOGITS_AT_ONCE) * 4
    expected = _FRAMEWORK_BYTES + weights + trained + activations + logits
    return Estimate(
        low=expected * 0.6,
        expected=expected,
        high=expected * 1.8,
        unit="bytes",
        basis="weights, what is trained with gradients and two moments, activations of one micro-batch, a chunk of "
        "logits, framework",
    )


def weight_bytes(recipe: Recipe) -> float:
    """Return the bytes of a weight of the model: what is trained is float32, a base of 4 bits has scales, too."""
    if not recipe.has_adapter:
        return 4
    return 0.6 if recipe.method == "qlora" else _BYTES[recipe.precision]


def token_bytes(recipe: Recipe, base: BaseModelFacts) -> float:
    """Estimate what a token of a micro-batch keeps until the backward pass, in bytes."""
    in_block = base.hidden_size * (8 + 3 * 4 + _LINEARS_PER_LAYER) * 4
    if recipe.activation_checkpointing:
        return in_block + base.num_layers * base.hidden_size * 4
    return float(base.num_layers * in_block)


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
