"""Ways to the gradient of the same loss: by autograd for any model, or derived by hand for some."""

from typing import Protocol

from brewslm.worker.models import AnyModel
from brewslm.worker.packing import PackedBatch
from brewslm.worker.scoring import summed_loss


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

    def weights_changed(self) -> None:
        """Learn that trained weights were changed from outside: by the optimiser, or by a checkpoint."""
        ...


class GeneralPath:
    """Autograd through any causal language model of transformers."""

    name = "general"

    def __init__(self, model: AnyModel) -> None:
        """Differentiate this model."""
        self._model = model

    def add_gradients(self, batch: PackedBatch, *, scale: float) -> float:
        """Add the gradient of `scale` times the summed loss; return that sum in nats."""
        loss = summed_loss(self._model, batch)
        (loss * scale).backward()
        return loss.item()

    def weights_changed(self) -> None:
        """Nothing is derived from the weights."""
