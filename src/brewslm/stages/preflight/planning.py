"""From data, model, machine and the user's wishes to a recipe in which every value has a source."""

import math
from typing import Any, get_args

from pydantic import ValidationError

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.data.example import TEXT_SHAPES
from brewslm.core.errors import InvalidRequestError
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.ports.machine import MachineFacts
from brewslm.core.recipe.recipe import Recipe, ValueSource
from brewslm.core.value import Value
from brewslm.stages.preflight.contract import PreflightInputs, Profile, Scalar
from brewslm.stages.preflight.memory import token_bytes
from brewslm.stages.preflight.small_data import more_passes, rate_factor, step_tokens
from brewslm.stages.preflight.tokens import tokens_of

_EPOCHS: dict[Profile, float] = {"safe": 2.0, "balanced": 4.0, "max_quality": 8.0}
_MAX_TOKENS: dict[Profile, float] = {"safe": 2e6, "balanced": 6e6, "max_quality": 3e7}
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
_ACTIVATION_SHARE = 0.4
_SHAPING = ("method", "precision", "activation_checkpointing")
"""Fields that memory depends on, beside the data's."""
_GROUPS = frozenset(
    name
    for name, field in Recipe.model_fields.items()
    if any(
        isinstance(part, type) and issubclass(part, Value) for part in (field.annotation, *get_args(field.annotation))
    )
)
"""Fields of the recipe that hold settings of their own."""
"""Fields of the recipe that have fields of their own."""

Chosen = dict[str, tuple[Scalar, str]]
"""Dotted field name to value and the reason for it."""


def resolve_recipe(
    inputs: PreflightInputs, manifest: Manifest, base: BaseModelFacts, machine: MachineFacts, *, seed: int
) -> tuple[Recipe, dict[str, ValueSource]]:
    """Return the recipe and the source of each of its values.

    Raises:
        InvalidRequestError: an override names an unknown field or a value out of range; all problems at once.
    """
    chosen = _choose(inputs, manifest, base, machine)
    values: dict[str, Scalar] = {name: value for name, (value, _) in chosen.items()}
    values["base_model"] = inputs.base_model
    values["seed"] = seed
    values |= inputs.overrides
    recipe = build_recipe(values)
    sources = {}
    for name, value in _flatten(recipe.model_dump(mode="json")).items():
        if name in inputs.overrides:
            sources[name] = ValueSource(value=value, source=inputs.override_source)
        elif name in chosen:
            sources[name] = ValueSource(value=value, source="autopilot", reason=chosen[name][1])
        elif name in ("base_model", "seed"):
            sources[name] = ValueSource(value=value, source="profile", reason="set by the project")
        else:
            sources[name] = ValueSource(value=value, source="default")
    return recipe, sources


def _choose(inputs: PreflightInputs, manifest: Manifest, base: BaseModelFacts, machine: MachineFacts) -> Chosen:
    train = manifest.split("train")
    usual_mode = _mode(manifest)
    mode = str(inputs.overrides.get("mode", usual_mode[0]))
    num_tokens = tokens_of(manifest, "train", mode=mode)
    mean_tokens = max(num_tokens / max(train.num_examples, 1), 1.0)
    usual_epochs = _epochs(inputs.profile, num_tokens)
    wished = step_tokens(num_tokens * usual_epochs)
    batch = _asked(inputs, "data.batch_size", _batch_size(wished, mean_tokens, train.num_examples, mode))
    accumulation = _asked(inputs, "data.gradient_accumulation_steps", 1)
    epochs = _asked(inputs, "data.num_epochs", usual_epochs)
    per_step = max(batch * accumulation, 1)
    steps = max(int(_asked(inputs, "data.total_steps", math.ceil(train.num_examples * epochs / per_step))), 1)
    cadence = max(steps // 6, 1)
    return {
        "data.max_seq_len": (manifest.max_seq_len, "what the data was prepared with"),
        "data.batch_size": (batch, _batch_reason(wished, mean_tokens, mode)),
        "data.num_epochs": (
            epochs,
            f"profile {inputs.profile}, more of little data, within {_MAX_TOKENS[inputs.profile]:.0e} tokens",
        ),
        "data.total_steps": (steps, f"{epochs:g} epochs over {train.num_examples} examples"),
        "data.micro_batch_tokens": _micro_batch(inputs, manifest, base, machine),
        "optim.learning_rate": _learning_rate(inputs, base, mode, steps),
        "schedule.warmup_steps": (min(max(steps // 20, 1), 100, steps - 1), "a twentieth of the run"),
        "monitor.log_every": (max(min(steps // 100, 50), 1), "about a hundred points on the curve"),
        "monitor.eval_every": (cadence, "six looks at the eval split"),
        "monitor.checkpoint_every": (cadence, "with each evaluation"),
        "mode": usual_mode,
        "precision": _precision(base, machine),
    }


def _mode(manifest: Manifest) -> tuple[Scalar, str]:
    if manifest.shape in TEXT_SHAPES:
        return "continued_pretraining", f"the data is {manifest.shape!r}: every token is learnt"
    return "sft", f"the data is {manifest.shape!r}: the answers are learnt"


def _learning_rate(inputs: PreflightInputs, base: BaseModelFacts, mode: str, num_steps: int) -> tuple[Scalar, str]:
    method = str(inputs.overrides.get("method", "lora"))
    is_tried = mode not in _RATE_SHARES and method != "full"
    factor = rate_factor(num_steps) if is_tried else 1.0
    rate = 2e-3 if base.num_parameters < _SMALL_MODEL else 2e-4
    share = _RATE_SHARES.get(mode, 1.0) * (_FULL_RATE_SHARE if method == "full" else 1.0)
    size = f"{base.num_parameters / 1e6:.0f} M parameters"
    short = f", and so do runs of as few as {num_steps} steps" if factor > 1.0 else ""
    return rate * share * factor, f"{method} with {mode} on a model of {size}: smaller models take larger steps{short}"


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
    room = _ACTIVATION_SHARE * machine.free_memory_bytes
    tokens = _MOST_MICRO_TOKENS
    while tokens > _LEAST_MICRO_TOKENS and tokens * token_bytes(recipe, base) > room:
        tokens //= 2
    chosen = max(tokens, manifest.max_seq_len)
    return chosen, f"their activations take at most {_ACTIVATION_SHARE:.0%} of the free memory, or one long example"


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


def _epochs(profile: Profile, num_tokens: int) -> float:
    most = _MAX_TOKENS[profile] / max(num_tokens, 1)
    wished = _EPOCHS[profile] * more_passes(num_tokens * _EPOCHS[profile])
    return float(max(min(round(wished, 1), round(most, 2)), 0.05))


def _precision(base: BaseModelFacts, machine: MachineFacts) -> tuple[Scalar, str]:
    if base.num_parameters < _SMALL_MODEL:
        return "float32", "bfloat16 pays little on a model this small, and float32 keeps the logged losses exact"
    if machine.has_fast_bfloat16:
        return "bfloat16", "this machine has fast bfloat16"
    return "float32", "this CPU has no fast bfloat16"


def build_recipe(values: dict[str, Scalar]) -> Recipe:
    """Build a recipe of dotted fields.

    Raises:
        InvalidRequestError: a field is unknown or a value out of range; all problems at once.
    """
    tree: dict[str, Any] = {}
    for name, value in values.items():
        group, _, leaf = name.partition(".")
        branch = tree.get(group)
        if leaf and group in _GROUPS and isinstance(branch, dict | None):
            tree[group] = {**(branch or {}), leaf: value}
        else:
            tree[name] = value
    try:
        return Recipe.model_validate(tree)
    except ValidationError as error:
        problems = "; ".join(
            _said(".".join(map(str, problem["loc"])) or "recipe", problem["input"], problem["msg"])
            for problem in error.errors()
        )
        message = f"the recipe has {error.error_count()} problem(s): {problems}. Correct these values and run again."
        raise InvalidRequestError(message) from error


def _said(place: str, value: object, message: str) -> str:
    """Return what is wrong and where, without the library's word for an error of ours."""
    given = "" if isinstance(value, dict) else f"={value!r}"
    return f"{place}{given}: {message.removeprefix('Value error, ')}"


def _flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = ", ".join(map(str, value)) if isinstance(value, list) else value
    return flat
