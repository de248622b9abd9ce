"""Ways to the gradient of the same loss: by autograd for any model, or derived by hand for some."""

from typing import Protocol

from torch import Tensor

from brewslm.worker.packing import PackedBatch


class GradientPath(Protocol):
    """Makes the gradient of the summed cross-entropy of one micro-batch."""

    @property
    def name(self) -> str:
        """What the recipe and the journal call it."""
        ...

    def add_gradients(self, batch: PackedBatch, *, scale: float) -> float:
        """Add the gradient of `scale` times the summed loss to `.grad` of every trained weight.

        Args:
            batch: with at least one label.
            scale: usually one over the labels of the whole optimiser step.

        Returns:
            The summed loss in nats, not scaled.
        """
        ...

    def token_losses(self, batch: PackedBatch) -> Tensor:
        """Return the loss of each label, [num_labels], float32 nats, without gradients.

        While the adapter is off, those of the base.
        """
        ...

    def weights_changed(self) -> None:
        """Learn that weights were changed from outside: by the optimiser, a checkpoint, or for the base's."""
        ...
