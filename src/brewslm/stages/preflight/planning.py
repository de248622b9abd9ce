"""From data, model, machine and the user's wishes to a recipe in which every value has a source."""

import math
from typing import Any

from pydantic import ValidationError

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.data.example import TEXT_SHAPES
from brewslm.core.forecast.power import power_of
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.ports.machine import MachineFacts
from brewslm.core.recipe.building import build_recipe
from brewslm.core.recipe.recipe import Recipe, SourceName, ValueSource
from brewslm.stages.preflight.contract import PreflightInputs, Scalar
from brewslm.stages.preflight.memory import token_bytes
from brewslm.stages.preflight.profiles import PROFILES, ProfileValues
from brewslm.stages.preflight.small_data import more_passes, rate_factor, step_tokens
from brewslm.stages.preflight.tokens import tokens_of

_SMALL_MODEL = 50_000_000
_RATE_SHARES = {"dpo": 0.1, "orpo": 0.5, "kto": 0.1}
"""Of the learning rate of fine-tuning: what compares with the base should stay near it."""
_FULL_RATE_SHARE = 0.1
"""Of the learning rate of an adapter: where all weights are trained."""
_FEWEST_JUDGEMENTS = 8
"""In a step of a mode that learns from judgements: each says little, however long the answers are."""
_MOST_MICRO_TOKENS = 8192
"""The default of the recipe."""
_LEAST_MICRO_TOKENS = 256
_SHAPING = ("method", "precision", "activation_checkpointing")
"""Fields that memory depends on, beside the data's."""
Chosen = dict[str, tuple[Scalar, SourceName, str]]
"""Dotted field name to value, to who chose it, and to the reason for it."""


def resolve_recipe(
    inputs: PreflightInputs,
    manifest: Manifest,
    base: BaseModelFacts,
    machine: MachineFacts,
    *,
    seed: int,
    max_steps: int | None = None,
) -> tuple[Recipe, dict[str, ValueSource]]:
    """Return the recipe and the source of each of its values.

    Args:
        inputs: what the user fixed.
        manifest: the data.
        base: the model.
        machine: what it runs on.
        seed: of the project.
        max_steps: what the budget pays for; None where it pays for all.

    Raises:
        InvalidRequestError: an override names an unknown field or a value out of range; all problems at once.
    """
    chosen = _choose(inputs, manifest, base, machine, max_steps=max_steps)
    chosen["base_model"] = inputs.base_model, "project", "what the data was prepared for"
    chosen["seed"] = seed, "project", "set by the project"
    recipe = build_recipe({name: value for name, (value, *_) in chosen.items()} | inputs.overrides)
    sources = {}
    for name, value in _flatten(recipe.model_dump(mode="json")).items():
        if name in inputs.overrides:
            source: SourceName = "file" if name in inputs.file_fields else "flag"
            sources[name] = ValueSource(value=value, source=source)
        elif name in chosen:
            sources[name] = ValueSource(value=value, source=chosen[name][1], reason=chosen[name][2])
        else:
            sources[name] = ValueSource(value=value, source="default")
    return recipe, sources


def has_fixed_length(inputs: PreflightInputs) -> bool:
    """Whether the user has said how long the run is, which no budget changes."""
    return bool({"data.total_steps", "data.num_epochs"} & set(inputs.overrides))


def _choose(
    inputs: PreflightInputs, manifest: Manifest, base: BaseModelFacts, machine: MachineFacts, *, max_steps: int | None
) -> Chosen:
    train, profile = manifest.split("train"), PROFILES[inputs.profile]
    usual_mode = _mode(manifest)
    mode = str(inputs.overrides.get("mode", usual_mode[0]))
    num_tokens = tokens_of(manifest, "train", mode=mode)
    mean_tokens = max(num_tokens / max(train.num_examples, 1), 1.0)
    usual_epochs = _epochs(profile, num_tokens, manifest)
    wished = step_tokens(num_tokens * usual_epochs)
    batch = _asked(inputs, "data.batch_size", _batch_size(wished, mean_tokens, train.num_examples, mode))
    per_step = max(batch * _asked(inputs, "data.gradient_accumulation_steps", 1), 1)
    length = _length(inputs, profile, per_step, usual_epochs, train.num_examples, max_steps=max_steps)
    steps = max(int(_asked(inputs, "data.total_steps", float(length["data.total_steps"][0]))), 1)
    cadence = max(steps // 6, 1)
    found: dict[str, tuple[Scalar, str]] = {
        "data.max_seq_len": (manifest.max_seq_len, "what the data was prepared with"),
        "data.batch_size": (batch, _batch_reason(wished, mean_tokens, mode)),
        "data.micro_batch_tokens": _micro_batch(inputs, manifest, base, machine),
        "optim.learning_rate": _learning_rate(inputs, manifest, base, mode, steps),
        "schedule.warmup_steps": (min(max(steps // 20, 1), 100, steps - 1), "a twentieth of the run"),
        "monitor.log_every": (max(min(steps // 100, 50), 1), "about a hundred points on the curve"),
        "monitor.eval_every": (cadence, "six looks at the eval split"),
        "monitor.checkpoint_every": (cadence, "with each evaluation"),
        "mode": usual_mode,
        "precision": _precision(base, machine),
        **_power(inputs, machine),
    }
    chosen: Chosen = {name: (value, "autopilot", reason) for name, (value, reason) in found.items()}
    return chosen | length | _of_profile(inputs, profile)


def _length(
    inputs: PreflightInputs,
    profile: ProfileValues,
    per_step: float,
    usual_epochs: float,
    num_examples: int,
    *,
    max_steps: int | None,
) -> Chosen:
    """Return epochs and steps: those of the profile, as far as the budget pays for them."""
    epochs = _asked(inputs, "data.num_epochs", usual_epochs)
    wished = max(math.ceil(num_examples * epochs / per_step), 1)
    told = f"profile {inputs.profile}, more of little data, within {profile.max_tokens / 1e6:g} M tokens"
    examples = "1 example" if num_examples == 1 else f"{num_examples} examples"
    if max_steps is None or max_steps >= wished:
        return {
            "data.num_epochs": (epochs, "profile", told),
            "data.total_steps": (wished, "profile", f"{epochs:g} epochs over {examples}"),
        }
    steps = max(max_steps, 1)
    reason = f"the budget pays for about {steps} of {wished} steps"
    return {
        "data.num_epochs": (max(round(steps * per_step / max(num_examples, 1), 3), 0.001), "autopilot", reason),
        "data.total_steps": (steps, "autopilot", reason),
    }


def _of_profile(inputs: PreflightInputs, profile: ProfileValues) -> Chosen:
    """Return what a profile says beside length and learning rate."""
    chosen: Chosen = {}
    told = f"profile {inputs.profile}"
    if inputs.overrides.get("method", "lora") != "full":
        rank = int(_asked(inputs, "lora.lora_rank", profile.lora_rank))
        chosen["lora.lora_rank"] = profile.lora_rank, "profile", told
        if 1 <= rank <= 512:
            chosen["lora.lora_alpha"] = 2 * rank, "profile", "twice the rank, so that the update's scale is 2"
    if profile.patience is not None:
        reason = f"{told}: ends where more epochs no longer help"
        chosen["early_stopping.patience"] = profile.patience, "profile", reason
    return chosen


def _power(inputs: PreflightInputs, machine: MachineFacts) -> dict[str, tuple[Scalar, str]]:
    """Return what the machine draws, where the budget has to know."""
    if not {"budget.max_kwh", "budget.price_per_kwh"} & set(inputs.overrides):
        return {}
    power = power_of(machine)
    return {"budget.power_watts": (power.watts, f"estimated: {power.source}")}


def _mode(manifest: Manifest) -> tuple[Scalar, str]:
    if manifest.shape in TEXT_SHAPES:
        return "continued_pretraining", f"the data is {manifest.shape!r}: every token is learnt"
    return "sft", f"the data is {manifest.shape!r}: the answers are learnt"


def _learning_rate(
    inputs: PreflightInputs, manifest: Manifest, base: BaseModelFacts, mode: str, num_steps: int
) -> tuple[Scalar, str]:
    method = str(inputs.overrides.get("method", "lora"))
    is_tried = mode not in _RATE_SHARES and method != "full"
    factor = rate_factor(num_steps, manifest.shape) if is_tried else 1.0
    rate = 2e-3 if base.num_parameters < _SMALL_MODEL else 2e-4
    share = _RATE_SHARES.get(mode, 1.0) * (_FULL_RATE_SHARE if method == "full" else 1.0)
    careful = PROFILES[inputs.profile].rate_share
    size = f"{base.num_parameters / 1e6:.0f} M parameters"
    reason = f"{method} with {mode} on a model of {size}: smaller models take larger steps"
    if factor > 1.0:
        reason += f", and so do runs of as few as {num_steps} steps"
    if careful != 1.0:
        reason += f"; profile {inputs.profile} takes {careful:g} of it"
    return rate * share * factor * careful, reason


def _micro_batch(
    inputs: PreflightInputs, manifest: Manifest, base: BaseModelFacts, machine: MachineFacts
) -> tuple[Scalar, str]:
    """Choose the largest power of two whose activations fit into a share of the free memory."""
    if machine.gpus:
        return _MOST_MICRO_TOKENS, "the GPU's free memory is not read yet"
    wished: Any = {name: inputs.overrides[name] for name in _SHAPING if name in inputs.overrides}
    try:
        recipe = Recipe(base_model=inputs.base_model, **wished)
    except ValidationError:
        recipe = Recipe(base_model=inputs.base_model)
    share = PROFILES[inputs.profile].memory_share
    room = share * machine.free_memory_bytes
    tokens = _MOST_MICRO_TOKENS
    while tokens > _LEAST_MICRO_TOKENS and tokens * token_bytes(recipe, base) > room:
        tokens //= 2
    chosen = max(tokens, manifest.max_seq_len)
    return chosen, f"their activations take at most {share:.0%} of the free memory, or one long example"


def _asked(inputs: PreflightInputs, name: str, fallback: float) -> float:
    """Return the user's number, which later choices follow; one that is no number is refused with the whole recipe."""
    try:
        value = float(inputs.overrides.get(name, fallback))
    except ValueError:
        return fallback
    return value if math.isfinite(value) else fallback


def _batch_size(tokens: float, mean_tokens: float, num_examples: int, mode: str) -> int:
    fewest = _FEWEST_JUDGEMENTS if mode in _RATE_SHARES else 1
    wished = max(round(tokens / mean_tokens), fewest)
    return max(min(wished, 64, num_examples), 1)


def _batch_reason(tokens: float, mean_tokens: float, mode: str) -> str:
    fewest = f", but at least {_FEWEST_JUDGEMENTS} judgements" if mode in _RATE_SHARES else ""
    return f"about {tokens:.0f} tokens a step, for steps enough, at {mean_tokens:.0f} tokens an example{fewest}"


def _epochs(profile: ProfileValues, num_tokens: int, manifest: Manifest) -> float:
    most = profile.max_tokens / max(num_tokens, 1)
    wished = profile.num_epochs * more_passes(num_tokens * profile.num_epochs, manifest.shape)
    return float(max(min(round(wished, 1), round(most, 2)), 0.05))


def _precision(base: BaseModelFacts, machine: MachineFacts) -> tuple[Scalar, str]:
    if base.num_parameters < _SMALL_MODEL:
        return "float32", "bfloat16 pays little on a model this small, and float32 keeps the logged losses exact"
    if machine.has_fast_bfloat16:
        return "bfloat16", "this machine has fast bfloat16"
    return "float32", "this CPU has no fast bfloat16"


def _flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = ", ".join(map(str, value)) if isinstance(value, list) else value
    return flat
