"""The output head: the logits of some labels at a time, which become their own gradient."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from brewslm.worker.operations.interface import Operations
from brewslm.worker.train.fast.joined import JoinedWeights
from brewslm.worker.train.fast.passage import Passage

LOGITS_AT_A_TIME = 1 << 23
"""32 MiB in float32."""
LINE = 16
"""Numbers in a line of the cache, in float32."""
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
        matrix, losses = self._joined.matrix, passage.work.take("losses", len(inputs))
        of_inputs = passage.work.take("of_head_inputs", *inputs.shape, dtype=inputs.dtype)
        for piece, of_logits in self._pieces(inputs, passage, losses, scale=scale):
            torch.mm(of_logits.T, matrix, out=of_inputs[piece])
            if self._weight.requires_grad:
                passage.book.add_product(self._weight, of_logits, inputs[piece])
        return float(losses.sum(dtype=torch.float64)), of_inputs

    def losses(self, inputs: Tensor, passage: Passage) -> Tensor:
        """Return the loss of each label, [num_labels], float32 nats, in memory of its own."""
        losses = torch.empty(len(inputs))
        for _ in self._pieces(inputs, passage, losses, scale=1.0):
            """Nothing goes back."""
        return losses

    def _pieces(
        self, inputs: Tensor, passage: Passage, losses: Tensor, *, scale: float
    ) -> Iterator[tuple[slice, Tensor]]:
        """Fill in the losses of some labels at a time; give out which, and `scale` times the gradient of the logits."""
        matrix, targets = self._joined.matrix, passage.rows.targets
        size = _even_pieces(len(targets), at_most=max(FEWEST_LABELS, LOGITS_AT_A_TIME // len(matrix)))
        for first in range(0, len(targets), size):
            piece = slice(first, min(first + size, len(targets)))
            logits = passage.work.take("logits", len(matrix), size, dtype=matrix.dtype)[:, : piece.stop - first]
            # Laid out by vocabulary, which is faster by a third than by label (measured: docs/performance.md).
            torch.mm(matrix, inputs[piece].T, out=logits)
            self._operations.cross_entropy(logits, targets[piece], scale, losses[piece])
            yield piece, logits


def _even_pieces(num_labels: int, *, at_most: int) -> int:
    """Return a size of pieces that are about equally long, in whole lines of the cache."""
    num_pieces = -(-num_labels // at_most)
    return -(-num_labels // num_pieces // LINE) * LINE
