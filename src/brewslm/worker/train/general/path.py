"""The general path: the loss of a packed row through the model itself, and back by autograd."""

import torch
from torch import Tensor

from brewslm.worker.models import AnyModel
from brewslm.worker.operations.interface import Operations
from brewslm.worker.packing import PackedBatch
from brewslm.worker.scoring import summed_loss, token_losses
from brewslm.worker.train.general.fusing import fuse


class GeneralPath:
    """Autograd through any causal language model of transformers."""

    name = "general"

    def __init__(self, model: AnyModel, operations: Operations | None = None) -> None:
        """Differentiate this model; with operations, which a model must be fusable for, parts of it by these."""
        self._model = model
        if operations is not None:
            fuse(model, operations)

    def add_gradients(self, batch: PackedBatch, *, scale: float) -> float:
        """Add the gradient of `scale` times the summed loss; return that sum in nats."""
        loss = summed_loss(self._model, batch)
        (loss * scale).backward()
        return loss.item()

    @torch.no_grad()
    def token_losses(self, batch: PackedBatch) -> Tensor:
        """Return the loss of each label, [num_labels], float32 nats."""
        return token_losses(self._model, batch)

    def weights_changed(self) -> None:
        """Nothing is derived from the weights."""
