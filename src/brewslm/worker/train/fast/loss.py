"""The output head: the logits of some labels at a time, which become their own gradient."""

import torch
from torch import Tensor, nn

from brewslm.worker.train.fast.joined import JoinedWeights
from brewslm.worker.train.fast.operations.interface import Operations
from brewslm.worker.train.fast.passage import Passage

LOGITS_AT_A_TIME = 1 << 23
"""32 MiB in float32."""
FEWEST_LABELS = 128
"""At a time; with fewer, reading the weights would cost more than multiplying them."""


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
        num_labels = len(targets)
        num_pieces = -(-num_labels // max(FEWEST_LABELS, LOGITS_AT_A_TIME // len(matrix)))
        of_inputs = work.take("of_head_inputs", *inputs.shape, dtype=inputs.dtype)
        losses = work.take("losses", num_labels)
        for number in range(num_pieces):
            piece = slice(number * num_labels // num_pieces, (number + 1) * num_labels // num_pieces)
            logits = work.take("logits", len(matrix), piece.stop - piece.start, dtype=matrix.dtype)
            # Laid out by vocabulary, which is faster by a third than by label (measured: docs/performance.md).
            torch.mm(matrix, inputs[piece].T, out=logits)
            self._operations.cross_entropy(logits, targets[piece], scale, losses[piece])
            torch.mm(logits.T, matrix, out=of_inputs[piece])
            if self._weight.requires_grad:
                passage.book.add_product(self._weight, logits, inputs[piece])
        return float(losses.sum(dtype=torch.float64)), of_inputs
