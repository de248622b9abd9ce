"""Losses of packed batches: only where there is a label, in nats."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from brewslm.worker.head import head_of
from brewslm.worker.models import AnyModel, computing, operations_of, without_adapter
from brewslm.worker.packing import PackedBatch, budgeted_batches, empty_batch, pack
from brewslm.worker.processes import ALONE, Processes
from brewslm.worker.shard import Examples
from brewslm.worker.sharding.passes import in_lockstep
from brewslm.worker.sharding.weights import gathered, is_sharded

T = TypeVar("T")

TOKEN_BUDGET = 2048


def token_losses(model: AnyModel, batch: PackedBatch) -> Tensor:
    """Return the loss of each label of a batch, [num_labels], float32 nats."""

    def compute() -> Tensor:
        with computing(model):
            return head_of(model).token_losses(label_states(model, batch), batch.targets)

    return gathered(model, compute)


def summed_loss(model: AnyModel, batch: PackedBatch) -> Tensor:
    """Return the loss summed over all labels of a batch, a float32 scalar in nats, to be differentiated once."""

    def compute() -> Tensor:
        with computing(model):
            return head_of(model).summed_loss(label_states(model, batch), batch.targets)

    return gathered(model, compute)


def label_states(model: AnyModel, batch: PackedBatch) -> Tensor:
    """Return the last hidden states that predict the labels, [num_labels, hidden_size]."""
    operations = operations_of(model)
    options = {} if operations is None else {"packed_operations": operations}
    output = without_adapter(model).base_model(
        input_ids=batch.input_ids,
        position_ids=batch.position_ids,
        packed_layout=batch.layout,
        use_cache=False,
        **options,
    )
    states: Tensor = output.last_hidden_state[0].index_select(0, batch.label_positions)
    return states


@torch.no_grad()
def example_losses(
    model: AnyModel,
    shard: Examples,
    *,
    scorer: Callable[[PackedBatch], Tensor] | None = None,
    on_batch: Callable[[float], None] = lambda _: None,
    processes: Processes = ALONE,
) -> NDArray[np.float64]:
    """Return the loss of each example, summed over its labels, [num_examples] in shard order, nats.

    Args:
        model: in evaluation mode.
        shard: the examples.
        scorer: makes the losses of labels, as `token_losses` does, where that is not to do it.
        on_batch: told the share that is done.
        processes: share the work; each gets the losses of all.
    """
    device = next(model.parameters()).device
    losses, score = np.zeros(len(shard)), scorer or partial(token_losses, model)
    done = 0
    mine = list(scoring_batches(shard))[processes.rank :: processes.num]
    for indices in scored_in_lockstep(model, mine, processes):
        batch = pack(shard, indices, device=device)
        if batch.num_labels or is_sharded(model):  # whose every pass is an exchange with the other processes
            sums = torch.zeros(batch.num_examples, dtype=torch.float64, device=device)
            sums.index_add_(0, batch.owners, score(batch).double())
            losses[indices] = sums.cpu().numpy()
        done += len(indices)
        on_batch(done / len(shard))
    return processes.add_up(losses)


def trained_in_lockstep(model: AnyModel, batches: Sequence[T], processes: Processes) -> Iterator[T]:
    """Yield the batches to make gradients of; idle passes make none, but take part in the exchange of them."""
    device = next(model.parameters()).device
    return in_lockstep(
        model, batches, processes, idle=lambda: summed_loss(model, empty_batch(device=device)).backward()
    )


def scored_in_lockstep(model: AnyModel, batches: Sequence[T], processes: Processes) -> Iterator[T]:
    """Yield the batches to score without gradients."""
    device = next(model.parameters()).device
    score = torch.no_grad()(lambda: summed_loss(model, empty_batch(device=device)))
    return in_lockstep(model, batches, processes, idle=score)


def scoring_batches(shard: Examples) -> Iterator[NDArray[np.int64]]:
    """Group all examples so that a batch keeps memory for attention in bounds."""
    return budgeted_batches(shard, max_tokens=TOKEN_BUDGET)
