"""The check that data and mode go together: what the recipe learns from is there, and what is there is used rightly."""

from collections import Counter
from dataclasses import dataclass

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.context import StageContext
from brewslm.core.data.example import TEXT_SHAPES
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding, Level
from brewslm.core.recipe.preference import PreferenceSettings
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.shard import EXAMPLES_FILE

_LEARNS_FROM = {"dpo": "preference", "orpo": "preference", "kto": "binary_feedback"}
_MODES_FOR = {"preference": "mode=dpo or mode=orpo", "binary_feedback": "mode=kto"}
_BALANCE = (1.0, 4 / 3)
"""Of good to bad answers, each times its weight (Ethayarajh et al. 2024, section 4.2)."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """The column of an example that says what was thought of its answer."""

    label: str | None


def objective(recipe: Recipe, manifest: Manifest, context: StageContext, *, is_intact: bool) -> Finding:
    """Check that the mode can learn from this data, and does not learn from it what was judged bad."""
    if (mismatch := _mismatch(recipe, manifest)) is not None:
        return mismatch
    if manifest.shape == "preference":
        return _of_pairs(recipe, manifest)
    if manifest.shape != "binary_feedback":
        return _finding("ok", f"every answer of the {manifest.shape!r} data is one to learn")
    if not is_intact:
        return _finding("unknown", "not looked at, because the data is not as it was prepared")
    path = context.shelf.path(f"{manifest.split('train').folder}/{EXAMPLES_FILE}")
    counts = Counter(row.label for batch in context.tables.read(path, _Judged) for row in batch)
    if recipe.mode == "kto":
        return _of_both(counts["good"], counts["bad"], recipe.preference)
    return _of_good(counts["bad"], manifest)


def _mismatch(recipe: Recipe, manifest: Manifest) -> Finding | None:
    is_text = manifest.shape in TEXT_SHAPES
    wanted = _LEARNS_FROM.get(recipe.mode, manifest.shape)
    if recipe.mode == "continued_pretraining" and not is_text:
        wanted = "plain_text"
    if manifest.shape == wanted:
        return None
    fitting = "mode=continued_pretraining" if is_text else _MODES_FOR.get(manifest.shape, "mode=sft")
    return _finding(
        "block",
        f"mode={recipe.mode} learns from {wanted!r} data, and dataset {manifest.dataset_id!r} is {manifest.shape!r}",
        f"Set {fitting}, or import other data.",
    )


def _of_pairs(recipe: Recipe, manifest: Manifest) -> Finding:
    if recipe.mode != "sft":
        return _finding("ok", f"both answers of {manifest.split('train').num_examples:,} pairs are learnt from")
    return _finding(
        "warn",
        f"of dataset {manifest.dataset_id!r}, a 'preference', only the chosen answers are trained",
        "Set mode=dpo or mode=orpo to learn from the rejected ones, too.",
    )


def _of_good(num_bad: int, manifest: Manifest) -> Finding:
    if num_bad == 0:
        return _finding("ok", "every answer was judged good")
    return _finding(
        "block",
        f"dataset {manifest.dataset_id!r} is 'binary_feedback', and its {num_bad:,} bad answers in train would be "
        "learnt like the good ones",
        "Set mode=kto to learn from both, or import the rows with good answers only, mapped as 'prompt_completion'.",
    )


def _of_both(num_good: int, num_bad: int, settings: PreferenceSettings) -> Finding:
    if not num_good or not num_bad:
        seen = f"mode=kto learns from good and bad answers, and train has {num_good:,} good and {num_bad:,} bad ones"
        step = "Set mode=sft, or import bad answers, too." if num_good else "Import good answers, too."
        return _finding("block", seen, step)
    balance = settings.desirable_weight * num_good / (settings.undesirable_weight * num_bad)
    seen = f"{num_good:,} good and {num_bad:,} bad answers are learnt from"
    # The widths of rounding, so that weights as they are proposed pass.
    if _BALANCE[0] - 0.01 <= balance <= _BALANCE[1] + 0.01:
        return _finding("ok", seen)
    name, weight = "undesirable_weight", settings.desirable_weight * num_good / num_bad
    if balance < 1:
        name, weight = "desirable_weight", settings.undesirable_weight * num_bad / num_good
    seen += f", the good ones with {balance:.2f} times the weight of the bad ones; 1 to 4/3 is advised"
    return _finding("warn", seen, f"Set preference.{name}={weight:.3g} to balance them.")


def _finding(level: Level, seen: str, next_step: str = "") -> Finding:
    reason = Reason.PREFLIGHT_CAPABILITY if level == "block" else None
    return Finding(check="objective", level=level, seen=seen, next_step=next_step, reason=reason)
