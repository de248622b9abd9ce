"""What to do when an attempt at a training has ended before its time: a pure function of what is known."""

from collections.abc import Callable

from brewslm.core.recipe.recipe import Recipe
from brewslm.core.value import Value
from brewslm.core.wire.attempt import MicroBatch
from brewslm.core.wire.recovery import Action, Adjustments, Cause, Measure, RecoveryFile

Setting = float | int | bool
Changes = dict[str, tuple[Setting, Setting]]

BACKOFF_SECONDS = (0.0, 5.0, 30.0, 120.0)
"""Before the next attempt after the first, second, … loss without a newer checkpoint."""
MAX_LOSSES_WITHOUT_PROGRESS = 3
MAX_MEASURES: dict[Cause, int] = {"stalled": 2, "out_of_memory": 4, "not_finite": 3, "diverged": 3, "plateau": 2}
"""Of one cause."""
LEARNING_RATE_FACTOR = 0.5
MIN_MICRO_BATCH_TOKENS = 16
MAX_SKIPPED_STEPS = 10
"""Of one divergence: what is passed over is where it began, not what it led to."""
_ASTRAY: frozenset[Cause] = frozenset({"not_finite", "diverged"})
"""Weights that went astray. Two measures in a row that lead to no newer checkpoint say that it is no mishap."""
MAX_ASTRAY_WITHOUT_PROGRESS = 2


class Ended(Value):
    """How an attempt ended."""

    attempt: int
    cause: Cause
    step: int | None = None
    good_until: int | None = None
    """Last step up to which the detectors saw nothing, where they saw something."""
    episode: int | None = None
    """Of the monitor, where that ended the attempt."""
    losses: int = 1
    """Attempts in a row, with this one, that ended without a newer checkpoint."""
    micro_batch: MicroBatch | None = None
    """What was in the model when memory ran out, where that is known."""
    device: str = ""
    """What it ran on, where it was given a device."""
    other_devices: tuple[str, ...] = ()
    """The devices of this machine besides."""
    device_facts: str = ""
    """What the machine says of the device."""


class Decision(Value):
    """A measure and what follows from it."""

    measure: Measure
    adjustments: Adjustments
    changes: Changes
    """By the recipe's name of a setting: before, after."""
    explanation: str


class GivenUp(Value):
    """Nothing more is done by itself."""

    explanation: str
    """Why, as a clause; empty where there is nothing to say besides the failure."""
    is_design_problem: bool = False
    """Whether what was tried says that the training itself is at fault, which nothing is done about."""


def decide(ended: Ended, recipe: Recipe, known: RecoveryFile) -> Decision | GivenUp:
    """Return what is to be done so that the training goes on."""
    against = _against(ended, recipe, known)
    if against:
        return GivenUp(explanation=against, is_design_problem=against == _NO_MISHAP)
    return _ANSWERS[ended.cause](ended, recipe, known)


def _against(ended: Ended, recipe: Recipe, known: RecoveryFile) -> str:
    """Say why nothing more is done; empty where something may be."""
    if recipe.recovery == "off":
        return "recovery='off' lets it end there"
    if ended.cause == "lost" and ended.losses > MAX_LOSSES_WITHOUT_PROGRESS:
        return f"the training process was lost {ended.losses} times without a newer checkpoint"
    if _is_no_mishap(ended, known):
        return _NO_MISHAP
    num_counted = sum(not measure.is_free for measure in known.measures)
    if not _is_free(ended) and num_counted >= recipe.retry.max_attempts:
        return f"{num_counted} measures were taken, as many as retry.max_attempts allows"
    num_same = sum(measure.cause == ended.cause for measure in known.measures)
    if num_same >= MAX_MEASURES.get(ended.cause, num_same + 1):
        return f"{num_same} measures against it did not help"
    return ""


_NO_MISHAP = (
    f"{MAX_ASTRAY_WITHOUT_PROGRESS} measures against it led to no newer checkpoint, so that it is taken for a matter "
    "of the training's design"
)


def _is_no_mishap(ended: Ended, known: RecoveryFile) -> bool:
    last = known.measures[-MAX_ASTRAY_WITHOUT_PROGRESS:]
    if ended.cause not in _ASTRAY:
        return False
    is_again = len(last) == MAX_ASTRAY_WITHOUT_PROGRESS and all(measure.cause in _ASTRAY for measure in last)
    return is_again and ended.losses > MAX_ASTRAY_WITHOUT_PROGRESS


def _is_free(ended: Ended) -> bool:
    """A lost process that had made a newer checkpoint has cost little."""
    return ended.cause == "lost" and ended.losses == 1


def _go_on(
    ended: Ended,
    known: RecoveryFile,
    action: Action,
    explanation: str,
    *,
    changes: Changes | None = None,
    wait_seconds: float = 0.0,
    **adjusted: object,
) -> Decision:
    measure = Measure(
        attempt=ended.attempt,
        cause=ended.cause,
        step=ended.step,
        action=action,
        wait_seconds=wait_seconds,
        episode=ended.episode,
        is_free=_is_free(ended),
    )
    return Decision(
        measure=measure,
        adjustments=known.adjustments.model_copy(update=adjusted),
        changes=changes or {},
        explanation=explanation,
    )


def _with_less_memory(ended: Ended, recipe: Recipe, known: RecoveryFile) -> Decision | GivenUp:
    """Halve what goes through the model at once; then keep only the inputs of blocks for the backward pass."""
    now = known.adjustments
    most = now.micro_batch_tokens or min(
        recipe.data.micro_batch_tokens, recipe.data.batch_size * recipe.data.max_seq_len
    )
    held = ended.micro_batch
    halved = min(most, held.num_tokens if held is not None else most) // 2
    is_single = held is not None and held.num_examples == 1
    num_halvings = sum(measure.action == "smaller_micro_batch" for measure in known.measures)
    is_checkpointing = now.activation_checkpointing or recipe.activation_checkpointing
    if not is_checkpointing and recipe.step_path != "fast" and (is_single or num_halvings >= 2):
        return _go_on(
            ended,
            known,
            "activation_checkpointing",
            "it goes on with activation checkpointing, which needs less memory and more time",
            changes={"activation_checkpointing": (False, True)},
            activation_checkpointing=True,
        )
    if is_single or halved < MIN_MICRO_BATCH_TOKENS:
        return GivenUp(explanation="there is nothing left that would need less memory")
    return _go_on(
        ended,
        known,
        "smaller_micro_batch",
        f"at most {halved:,} tokens go through the model at once now; the effective batch stays the same",
        changes={"data.micro_batch_tokens": (most, halved)},
        micro_batch_tokens=halved,
    )


def _more_gently(ended: Ended, recipe: Recipe, known: RecoveryFile) -> Decision:
    """Go back to a good checkpoint, pass over where it began, and learn half as fast from there."""
    now, is_again = known.adjustments, any(measure.cause in _ASTRAY for measure in known.measures)
    factor = now.learning_rate_factor * LEARNING_RATE_FACTOR
    skipped = _offending(ended, recipe)
    passed_over = f", passes over step {_shown(skipped)}," if skipped else ""
    if ended.good_until is not None:
        where = f"the last checkpoint up to step {ended.good_until}"
    else:
        where = "an older checkpoint" if is_again else "the newest good checkpoint"
    return _go_on(
        ended,
        known,
        "lower_learning_rate",
        f"it goes back to {where}{passed_over} and learns at {factor:g} of the rate from there",
        changes=_learning_rates(recipe, now.learning_rate_factor, factor),
        learning_rate_factor=factor,
        skipped_steps=tuple(sorted({*now.skipped_steps, *skipped})),
        step_back_in=ended.attempt + 1 if is_again or ended.good_until is not None else now.step_back_in,
        step_back_after=ended.good_until,
    )


def _offending(ended: Ended, recipe: Recipe) -> range:
    """Return the steps to pass over: the one that failed, or the record after the last good one."""
    if ended.cause == "diverged" and ended.good_until is not None:
        first = ended.good_until + 1
        return range(first, first + min(recipe.monitor.log_every, MAX_SKIPPED_STEPS))
    return range(0) if ended.step is None else range(ended.step, ended.step + 1)


def _shown(steps: range) -> str:
    return f"{steps[0]}" if len(steps) == 1 else f"{steps[0]} to {steps[-1]}"


def _learning_rates(recipe: Recipe, before: float, after: float) -> Changes:
    peak = recipe.optim.learning_rate
    return {"optim.learning_rate": (peak * before, peak * after)}


def _against_plateau(ended: Ended, recipe: Recipe, known: RecoveryFile) -> Decision | GivenUp:
    """Do what the recipe says of a loss that no longer falls; the worker goes on meanwhile."""
    now = known.adjustments.learning_rate_factor
    match recipe.monitor.on_plateau:
        case "lower_lr":
            factor = now * LEARNING_RATE_FACTOR
            return _go_on(
                ended,
                known,
                "lower_learning_rate",
                f"it learns at {factor:g} of the rate from here on",
                changes=_learning_rates(recipe, now, factor),
                learning_rate_factor=factor,
            )
        case "stop":
            return _go_on(ended, known, "stop", "it stops after this step with the best checkpoint")
        case _:
            return GivenUp(explanation="monitor.on_plateau='none' leaves it to people")


def _again(ended: Ended, _recipe: Recipe, known: RecoveryFile) -> Decision:
    wait = BACKOFF_SECONDS[min(ended.losses, len(BACKOFF_SECONDS)) - 1] if ended.cause == "lost" else 0.0
    return _go_on(ended, known, "resume", "it is resumed", wait_seconds=wait)


def _with_less_disk(ended: Ended, recipe: Recipe, known: RecoveryFile) -> Decision:
    """Keep fewer checkpoints; then wait until somebody has made room."""
    keep = known.adjustments.keep_checkpoints or recipe.monitor.keep_checkpoints
    if keep > 1:
        return _go_on(
            ended,
            known,
            "prune_checkpoints",
            "only the newest, the best and the pinned checkpoints are kept now",
            changes={"monitor.keep_checkpoints": (keep, 1)},
            keep_checkpoints=1,
        )
    return _go_on(ended, known, "wait", "it waits until there is room")


def _elsewhere(ended: Ended, _recipe: Recipe, known: RecoveryFile) -> Decision | GivenUp:
    """Go on on a device that has reported no error yet."""
    failed = (*known.adjustments.failed_devices, ended.device)
    left = [device for device in ended.other_devices if device not in failed]
    if left:
        explanation = f"it goes on on another device than {ended.device}"
        return _go_on(ended, known, "other_device", explanation, failed_devices=failed)
    facts = f" ({ended.device_facts})" if ended.device_facts else ""
    return GivenUp(explanation=f"there is no device besides {', '.join(failed) or 'this one'}{facts}")


_ANSWERS: dict[Cause, Callable[[Ended, Recipe, RecoveryFile], Decision | GivenUp]] = {
    "lost": _again,
    "stalled": _again,
    "out_of_memory": _with_less_memory,
    "not_finite": _more_gently,
    "diverged": _more_gently,
    "plateau": _against_plateau,
    "disk_full": _with_less_disk,
    "device_failed": _elsewhere,
}
