"""Losses: logits only where there is a label, the sums in nats."""

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from brewslm.worker.models import AnyModel, vocab_size_of
from brewslm.worker.packing import PackedBatch, budgeted_batches, pack
from brewslm.worker.shard import Shard

TOKEN_BUDGET = 2048
LOGIT_BUDGET = 1 << 26
"""Logits at a time, 256 MiB in float32."""


def token_losses(model: AnyModel, batch: PackedBatch) -> Tensor:
    """Return the loss of each label of a batch, [num_labels], float32 nats."""
    logits = label_logits(model, batch)
    return cross_entropy(logits.float(), batch.targets, reduction="none")


def summed_loss(model: AnyModel, batch: PackedBatch) -> Tensor:
    """Return the loss summed over all labels of a batch, a float32 scalar in nats."""
    return cross_entropy(label_logits(model, batch).float(), batch.targets, reduction="sum")


def label_logits(model: AnyModel, batch: PackedBatch) -> Tensor:
    """Return the logits that predict the labels, [num_labels, vocab_size]; the others are never made."""
    output = model(
        input_ids=batch.input_ids,
        position_ids=batch.position_ids,
        packed_layout=batch.layout,
        logits_to_keep=batch.label_positions,
        use_cache=False,
    )
    logits: Tensor = output.logits[0]
    return logits


@torch.no_grad()
def example_losses(
    model: AnyModel,
    shard: Shard,
    *,
    on_batch: Callable[[float], None] = lambda _: None,
    first: int = 0,
    every: int = 1,
) -> NDArray[np.float64]:
    """Return the loss of each example, summed over its labels, [num_examples] in shard order, nats.

    Args:
        model: in evaluation mode.
        shard: the examples.
        on_batch: told the share that is done.
        first: which batch to begin with; the losses of batches that are left out are 0.
        every: score one batch of so many.
    """
    device = next(model.parameters()).device
    losses = np.zeros(len(shard))
    done = 0
    for indices in islice(scoring_batches(shard, vocab_size=vocab_size_of(model)), first, None, every):
        batch = pack(shard, indices, device=device)
        if batch.num_labels:
            sums = torch.zeros(batch.num_examples, dtype=torch.float64, device=device)
            sums.index_add_(0, batch.owners, token_losses(model, batch).double())
            losses[indices] = sums.cpu().numpy()
        done += len(indices)
        on_batch(done / len(shard))
    return losses


def scoring_batches(shard: Shard, *, vocab_size: int) -> Iterator[NDArray[np.int64]]:
    """Group all examples so that a batch keeps memory for logits and attention in bounds."""
    return budgeted_batches(shard, max_tokens=max(64, min(TOKEN_BUDGET, LOGIT_BUDGET // vocab_size)))
