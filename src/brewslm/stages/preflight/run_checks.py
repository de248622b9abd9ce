"""The checks that look at recipe, data and model together: integrity, configuration, capability."""

import difflib

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.data.example import TEXT_SHAPES
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding, Level
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.ports.machine import MachineFacts
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.recipe.step_path import FAST_FAMILIES


def _finding(check: str, level: Level, seen: str, next_step: str = "", reason: Reason | None = None) -> Finding:
    return Finding(check=check, level=level, seen=seen, next_step=next_step, reason=reason)


def configuration(recipe: Recipe, manifest: Manifest, base: BaseModelFacts, machine: MachineFacts) -> Finding:
    """Cross-check the recipe with the data, the model and what this machine can do; all problems at once."""
    problems = [*_of_lengths(recipe, manifest, base), *_of_backend(recipe, base, machine)]
    if problems:
        step = "Change these values, or prepare the data again with another --max-seq-len."
        return _finding("configuration", "block", "; ".join(problems), step, Reason.PREFLIGHT_BLOCKED)
    if recipe.precision == "bfloat16" and not machine.has_fast_bfloat16:
        seen = "precision=bfloat16 on a CPU without fast bfloat16: it takes less memory, and more time"
        return _finding("configuration", "warn", seen, "Set precision=float32, where memory allows it.")
    return _finding("configuration", "ok", "every value is resolved and has a source")


def _of_lengths(recipe: Recipe, manifest: Manifest, base: BaseModelFacts) -> list[str]:
    problems, data = [], recipe.data
    num_train = manifest.split("train").num_examples
    if data.max_seq_len > base.context_length:
        problems.append(f"data.max_seq_len={data.max_seq_len} is above the model's {base.context_length}")
    if data.max_seq_len < manifest.max_seq_len:
        problems.append(f"data.max_seq_len={data.max_seq_len} is below the {manifest.max_seq_len} that the data has")
    if data.batch_size > num_train:
        problems.append(f"data.batch_size={data.batch_size} is above the {num_train} train examples")
    return problems


def _of_backend(recipe: Recipe, base: BaseModelFacts, machine: MachineFacts) -> list[str]:
    """Say which options the worker would not honour here."""
    problems = []
    if recipe.step_path == "fast" and machine.gpus:
        problems.append("step_path='fast' is for the CPU, and a GPU is there: leave it at 'auto'")
    if recipe.step_path == "fast" and base.model_type not in FAST_FAMILIES:
        problems.append(f"step_path='fast' does not know {base.model_type!r} models: leave it at 'auto'")
    return problems


def capability(recipe: Recipe, manifest: Manifest, base: BaseModelFacts) -> Finding:
    """Check task, model and mode: architecture, tokenizer and template, context, end of text, target modules."""
    problem = _not_usable(recipe, manifest, base) or _not_as_prepared(manifest, base) or _no_targets(recipe, base)
    if problem is not None:
        seen, step = problem
        return _finding("capability", "block", seen, step, Reason.PREFLIGHT_CAPABILITY)
    tied = "tied" if base.is_tied else "own"
    seen = f"{base.architecture}, {base.num_parameters / 1e6:.1f} M parameters, context {base.context_length}"
    seen += f", head of {tied} weights"
    if manifest.num_partly_trained:
        seen += (
            f"; its template rewrites earlier turns, so of {manifest.num_partly_trained:,} conversations only the last "
            "turn is trained"
        )
        return _finding("capability", "warn", seen, "Choose a base model whose template keeps turns as they were.")
    if base.tokenizer_hash is not None and base.end_token is None:
        seen += "; it names no token that ends a text"
        return _finding("capability", "warn", seen, "Try what it answers: it may not know where to stop.")
    return _finding("capability", "ok", seen)


def _not_usable(recipe: Recipe, manifest: Manifest, base: BaseModelFacts) -> tuple[str, str] | None:
    if not base.architecture.endswith("ForCausalLM"):
        return f"{base.name!r} is a {base.architecture}, not a causal language model", "Name another base model."
    if manifest.base_model != recipe.base_model:
        seen = f"the data was tokenised for {manifest.base_model!r}, not for {recipe.base_model!r}"
        return seen, f"Run `brewslm prepare --base-model {recipe.base_model}` first."
    return None


def _not_as_prepared(manifest: Manifest, base: BaseModelFacts) -> tuple[str, str] | None:
    """Say what of tokenizer and template is not as it was when the data was prepared."""
    if base.tokenizer_hash is None:
        return None
    if base.tokenizer_hash != manifest.tokenizer_hash:
        return f"the tokenizer of {base.name!r} is not the one that the data was prepared with", "Prepare it again."
    if manifest.shape in TEXT_SHAPES:
        return None
    if base.template_hash is None:
        return f"{base.name!r} has no chat template", "Choose a base model that is made for chat."
    if base.template_hash != manifest.template_hash:
        return f"the chat template of {base.name!r} is not the one that the data was prepared with", "Prepare it again."
    return None


def _no_targets(recipe: Recipe, base: BaseModelFacts) -> tuple[str, str] | None:
    """Say which layers that are to get an adapter are not there."""
    wanted = recipe.lora.target_modules
    if wanted == "all-linear" or not recipe.has_adapter or not base.linear_modules:
        return None
    missing = [name for name in wanted if name.rpartition(".")[2] not in base.linear_modules]
    if not missing:
        return None
    near = difflib.get_close_matches(missing[0], base.linear_modules, n=1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    seen = f"lora.target_modules names {', '.join(missing)}{meant}, and {base.name!r} has no such layer in its blocks"
    return seen, f"Choose of {', '.join(base.linear_modules)}; or write all-linear."
