"""Which tokens of a packed row have to be computed, and which of them answer for a label."""

from dataclasses import dataclass

import torch
from torch import Tensor

from brewslm.worker.operations.interface import Span
from brewslm.worker.packing import PackedBatch


@dataclass(frozen=True, slots=True)
class Rows:
    """The tokens of a batch up to the last label of each example: nothing after it can change the loss."""

    input_ids: Tensor
    """[num_rows]."""
    positions: Tensor
    """[num_rows], beginning at 0 in each example."""
    labels: Tensor
    """[num_labels], ascending: the rows whose next token is trained."""
    targets: Tensor
    """[num_labels], those next tokens."""
    spans: tuple[Span, ...]
    """One per example that has labels."""

    @property
    def num_rows(self) -> int:
        """Tokens that go through the model."""
        return len(self.input_ids)

    @property
    def num_labels(self) -> int:
        """Tokens that the loss is taken over."""
        return len(self.labels)


def rows_of(batch: PackedBatch) -> Rows:
    """Leave out the filling of a packed row, and what follows the last label of an example."""
    positions, ids = batch.position_ids[0], batch.input_ids[0]
    starts = torch.nonzero(positions[: batch.num_tokens] == 0)[:, 0]
    owners = torch.searchsorted(starts, batch.label_positions, right=True) - 1
    with_labels, counts = torch.unique_consecutive(owners, return_counts=True)
    ends_of_labels = counts.cumsum(0)
    last_labels = batch.label_positions[ends_of_labels - 1]
    lengths = last_labels + 1 - starts[with_labels]
    ends = lengths.cumsum(0)
    shift = (starts[with_labels] - (ends - lengths)).repeat_interleave(lengths)
    kept = torch.arange(len(shift)) + shift
    moved = (starts[with_labels] - (ends - lengths)).repeat_interleave(counts)
    bounds = zip(
        (ends - lengths).tolist(),
        ends.tolist(),
        (ends_of_labels - counts).tolist(),
        ends_of_labels.tolist(),
        strict=True,
    )
    return Rows(
        input_ids=ids[kept],
        positions=positions[kept],
        labels=batch.label_positions - moved,
        targets=batch.targets,
        spans=tuple(Span(*bound) for bound in bounds),
    )
