"""Carrying out a recipe otherwise than it says, after a recovery."""

from pathlib import Path

from pydantic import ValidationError

from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.recovery import Adjustments, RecoveryFile
from brewslm.core.wire.rundir import RECOVERY_FILE
from brewslm.worker.failure import BadOrderError


def read_adjustments(folder: Path) -> Adjustments:
    """Return what earlier attempts made necessary.

    Raises:
        BadOrderError: `recovery.json` is there and cannot be understood.
    """
    path = folder / RECOVERY_FILE
    try:
        return RecoveryFile.model_validate_json(path.read_bytes()).adjustments
    except FileNotFoundError:
        return Adjustments()
    except (OSError, ValidationError) as error:
        raise BadOrderError(f"{str(path)!r} cannot be read ({error}); remove it to train as ordered.") from error


def adjusted(order: TrainOrder, adjustments: Adjustments) -> TrainOrder:
    """Return the order with what changes nothing but memory, disk and the size of steps."""
    recipe = order.recipe
    data, monitor, optim = recipe.data, recipe.monitor, recipe.optim
    if adjustments.micro_batch_tokens is not None:
        data = data.model_copy(update={"micro_batch_tokens": adjustments.micro_batch_tokens})
    if adjustments.keep_checkpoints is not None:
        monitor = monitor.model_copy(update={"keep_checkpoints": adjustments.keep_checkpoints})
    if adjustments.learning_rate_factor < 1.0:
        learning_rate = optim.learning_rate * adjustments.learning_rate_factor
        optim = optim.model_copy(update={"learning_rate": learning_rate})
    changed = recipe.model_copy(
        update={
            "data": data,
            "monitor": monitor,
            "optim": optim,
            "activation_checkpointing": recipe.activation_checkpointing or adjustments.activation_checkpointing,
        }
    )
    return order.model_copy(update={"recipe": Recipe.model_validate(changed.model_dump())})
