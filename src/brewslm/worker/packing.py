"""Packing: the examples of a batch follow each other in one row, whose end is filled up to a round length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from brewslm.core.wire.shard import PADDING_ID, ROW_MULTIPLE
from brewslm.worker.attention import Layout, layout_of
from brewslm.worker.shard import Examples


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """One row of examples."""

    input_ids: Tensor
    """[1, row_length]."""
    position_ids: Tensor
    """[1, row_length], beginning at 0 in each example."""
    layout: Layout
    label_positions: Tensor
    """[num_labels], positions in the row whose next token is trained."""
    targets: Tensor
    """[num_labels], those next tokens."""
    owners: Tensor
    """[num_labels], which example of the batch each label belongs to."""
    num_examples: int
    num_tokens: int
    """Tokens of the examples; what fills the row is not counted."""

    @property
    def num_labels(self) -> int:
        """Tokens that the loss is taken over."""
        return len(self.targets)

    @property
    def num_units(self) -> int:
        """What the loss is a mean over: the labels."""
        return self.num_labels


def pack(shard: Examples, indices: Sequence[int] | NDArray[np.int64], *, device: torch.device) -> PackedBatch:
    """Pack these examples, in this order."""
    examples = [shard.example(int(index)) for index in indices]
    lengths = [len(tokens) for tokens, _ in examples]
    num_tokens = sum(lengths)
    filling = -num_tokens % ROW_MULTIPLE
    parts = [tokens for tokens, _ in examples]
    tokens = torch.from_numpy(np.concatenate([*parts, np.full(filling, PADDING_ID)]).astype(np.int64))
    trained = np.flatnonzero(np.concatenate([mask for _, mask in examples]))
    owner_of_token = np.repeat(np.arange(len(lengths)), lengths)
    laid_out = [*lengths, filling] if filling else lengths
    starts = np.repeat(np.cumsum(laid_out) - laid_out, laid_out)
    positions = np.arange(len(tokens)) - starts
    return PackedBatch(
        input_ids=tokens.unsqueeze(0).to(device),
        position_ids=torch.from_numpy(positions).unsqueeze(0).to(device),
        layout=layout_of(laid_out, device=device),
        label_positions=torch.from_numpy(trained - 1).to(device),
        targets=tokens[torch.from_numpy(trained)].to(device),
        owners=torch.from_numpy(owner_of_token[trained]).to(device),
        num_examples=len(lengths),
        num_tokens=num_tokens,
    )


def empty_batch(*, device: torch.device) -> PackedBatch:
    """Return a row that is all filling: no example, and nothing to learn."""
    nothing = torch.empty(0, dtype=torch.int64, device=device)
    return PackedBatch(
        input_ids=torch.full((1, ROW_MULTIPLE), PADDING_ID, device=device),
        position_ids=torch.arange(ROW_MULTIPLE, device=device).unsqueeze(0),
        layout=layout_of([ROW_MULTIPLE], device=device),
        label_positions=nothing,
        targets=nothing,
        owners=nothing,
        num_examples=0,
        num_tokens=0,
    )


def budgeted_batches(shard: Examples, *, max_tokens: int) -> Iterator[NDArray[np.int64]]:
    """Group all examples, the like in length together, so that no group has more than `max_tokens` (or is one)."""
    order = np.argsort(shard.lengths, kind="stable")
    group: list[int] = []
    total = 0
    for index in order:
        length = int(shard.lengths[index])
        if group and total + length > max_tokens:
            yield np.array(group)
            group, total = [], 0
        group.append(int(index))
        total += length
    yield np.array(group)
