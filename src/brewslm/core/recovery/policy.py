"""What to do when an attempt at a training has ended before its time: a pure function of what is known."""

from brewslm.core.recipe.recipe import Recipe
from brewslm.core.value import Value
from brewslm.core.wire.attempt import MicroBatch
from brewslm.core.wire.recovery import Action, Adjustments, Cause, Measure, RecoveryFile

Setting = float | int | bool
Changes = dict[str, tuple[Setting, Setting]]

BACKOFF_SECONDS = (0.0, 5.0, 30.0, 120.0)
"""Before the next attempt after the first, second, … loss without a newer checkpoint."""
MAX_LOSSES_WITHOUT_PROGRESS = 3
MAX_MEASURES: dict[Cause, int] = {"stalled": 2, "out_of_memory": 4, "not_finite": 3}
"""Of one cause."""
LEARNING_RATE_FACTOR = 0.5
MIN_MICRO_BATCH_TOKENS = 16


class Ended(Value):
    """How an attempt ended."""

    attempt: int
    cause: Cause
    step: int | None = None
    losses: int = 1
    """Attempts in a row, with this one, that ended without a newer checkpoint."""
    micro_batch: MicroBatch | None = None
    """What was in the model when memory ran out, where that is known."""


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


def decide(ended: Ended, recipe: Recipe, known: RecoveryFile) -> Decision | GivenUp:
    """Return what is to be done so that the training goes on."""
    against = _against(ended, recipe, known)
    if against:
        return GivenUp(explanation=against)
    match ended.cause:
        case "lost":
            wait = BACKOFF_SECONDS[min(ended.losses, len(BACKOFF_SECONDS)) - 1]
            return _go_on(ended, known, "resume", "it is resumed", wait_seconds=wait)
        case "stalled":
            return _go_on(ended, known, "resume", "it is resumed")
        case "out_of_memory":
            return _with_less_memory(ended, recipe, known)
        case "not_finite":
            return _more_gently(ended, recipe, known)
        case "disk_full":
            return _with_less_disk(ended, recipe, known)


def _against(ended: Ended, recipe: Recipe, known: RecoveryFile) -> str:
    """Say why nothing more is done; empty where something may be."""
    if recipe.recovery == "off":
        return "recovery='off' lets it end there"
    if ended.cause == "lost" and ended.losses > MAX_LOSSES_WITHOUT_PROGRESS:
        return f"the training process was lost {ended.losses} times without a newer checkpoint"
    num_counted = sum(not measure.is_free for measure in known.measures)
    if not _is_free(ended) and num_counted >= recipe.retry.max_attempts:
        return f"{num_counted} measures were taken, as many as retry.max_attempts allows"
    num_same = sum(measure.cause == ended.cause for measure in known.measures)
    if num_same >= MAX_MEASURES.get(ended.cause, num_same + 1):
        return f"{num_same} measures against it did not help"
    return ""


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
    """Go back to a good checkpoint, pass over the step that failed, and learn half as fast from there."""
    now, is_again = known.adjustments, any(measure.cause == ended.cause for measure in known.measures)
    factor = now.learning_rate_factor * LEARNING_RATE_FACTOR
    peak = recipe.optim.learning_rate
    skipped = now.skipped_steps if ended.step is None else tuple(sorted({*now.skipped_steps, ended.step}))
    passed_over = "" if ended.step is None else f", passes over step {ended.step},"
    return _go_on(
        ended,
        known,
        "lower_learning_rate",
        f"it goes back to {'an older' if is_again else 'the newest good'} checkpoint{passed_over} and learns at "
        f"{factor:g} of the rate from there",
        changes={"optim.learning_rate": (peak * now.learning_rate_factor, peak * factor)},
        learning_rate_factor=factor,
        skipped_steps=skipped,
        step_back_in=ended.attempt + 1 if is_again else now.step_back_in,
    )


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
