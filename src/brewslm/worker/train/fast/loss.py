"""The output head: logits of a few labels at a time, which become their own gradient."""

import torch
from torch import Tensor, nn

from brewslm.worker.train.fast.joined import JoinedWeights
from brewslm.worker.train.fast.operations.interface import Operations
from brewslm.worker.train.fast.passage import Passage
from brewslm.worker.train.fast.workspace import Workspace

LOGITS_AT_A_TIME = 1 << 23
"""32 MiB in float32."""


class Head:
    """The last product and the cross-entropy."""

    def __init__(self, weight: nn.Parameter, operations: Operations, *, dtype: torch.dtype) -> None:
        """Take the weight of the head, [vocab_size, hidden_size], which may be the embedding's."""
        self._weight, self._operations = weight, operations
        self._joined = JoinedWeights([weight], dtype=dtype)

    def refresh(self) -> None:
        """Follow the weight."""
        self._joined.refresh()

    def forward_backward(self, inputs: Tensor, passage: Passage, *, scale: float) -> tuple[float, Tensor]:
        """Return the summed loss in nats, and the gradient of the inputs of `scale` times that sum.

        Args:
            inputs: [num_labels, hidden_size].
            passage: has the targets, and collects the gradient of the weight if that is trained.
            scale: factor of all gradients.
        """
        matrix, targets, work = self._joined.matrix, passage.rows.targets, passage.work
        num_at_a_time = max(1, LOGITS_AT_A_TIME // len(matrix))
        of_inputs = work.take("of_head_inputs", *inputs.shape, dtype=inputs.dtype)
        losses = work.take("losses", len(targets))
        for first in range(0, len(targets), num_at_a_time):
            piece = slice(first, first + num_at_a_time)
            logits = self._logits(inputs[piece], work)
            self._operations.cross_entropy(logits, targets[piece], scale, losses[piece])
            torch.mm(logits, matrix, out=of_inputs[piece])
            if self._weight.requires_grad:
                passage.book.add_product(self._weight, logits.T, inputs[piece])
        return float(losses.sum(dtype=torch.float64)), of_inputs

    def _logits(self, inputs: Tensor, work: Workspace) -> Tensor:
        matrix = self._joined.matrix
        logits = work.take("logits", len(inputs), len(matrix), dtype=matrix.dtype)
        return torch.mm(inputs, matrix.T, out=logits)
