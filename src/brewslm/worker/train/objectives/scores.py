"""Scores of examples that all processes of a training make together."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from brewslm.worker.models import AnyModel
from brewslm.worker.scoring import example_losses
from brewslm.worker.shard import Examples
from brewslm.worker.train.processes import Processes


def joint_losses(
    model: AnyModel,
    examples: Examples,
    processes: Processes,
    *,
    on_batch: Callable[[float], None] = lambda _: None,
) -> NDArray[np.float64]:
    """Return the loss of each example, summed over its labels, [num_examples]; each process scores its share."""
    mine = example_losses(model, examples, first=processes.rank, every=processes.num, on_batch=on_batch)
    return processes.add_up(mine)
