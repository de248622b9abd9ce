"""Cross-entropy of the trained tokens: supervised fine-tuning, and continued pretraining."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from brewslm.worker.models import AnyModel
from brewslm.worker.packing import PackedBatch, pack
from brewslm.worker.processes import Processes
from brewslm.worker.scoring import example_losses
from brewslm.worker.shard import Shard
from brewslm.worker.train.objectives.objective import EvalScores
from brewslm.worker.train.paths import GradientPath
from brewslm.worker.train.pulse import PULSE


class TokenObjective:
    """Mean negative log-likelihood per trained token, nats."""

    def __init__(
        self, model: AnyModel, path: GradientPath, train_split: Shard, eval_split: Shard, *, processes: Processes
    ) -> None:
        """Have gradients and losses made by `path`."""
        self._model, self._path, self._processes = model, path, processes
        self._train, self._eval = train_split, eval_split
        self._device = next(model.parameters()).device

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[num_train_examples], tokens of each example of the train split."""
        return self._train.lengths

    @property
    def eval_units(self) -> NDArray[np.int64]:
        """[num_eval_examples], trained tokens of each example of the eval split."""
        return self._eval.num_trained

    def pack(self, indices: Sequence[int] | NDArray[np.int64]) -> PackedBatch:
        """Pack these examples of the train split, in this order."""
        return pack(self._train, indices, device=self._device)

    def prepare_step(self, batches: Sequence[PackedBatch]) -> None:
        """Nothing is shared between the examples of a step."""

    def add_gradients(self, batch: PackedBatch, *, scale: float) -> float:
        """Add the gradient of `scale` times the summed loss; return that sum."""
        return self._path.add_gradients(batch, scale=scale) if batch.num_units else 0.0

    def weights_changed(self) -> None:
        """Let the path renew what it derives from the weights."""
        self._path.weights_changed()

    def loss_of(self, batch: PackedBatch) -> float:
        """Return the summed loss of a batch, without gradients."""
        return float(self._path.token_losses(batch).sum(dtype=torch.float64)) if batch.num_units else 0.0

    def eval_scores(self) -> EvalScores:
        """Return the loss of each example of the eval split, summed over its trained tokens."""
        losses = example_losses(
            self._model,
            self._eval,
            scorer=self._path.token_losses,
            on_batch=PULSE.beat,
            processes=self._processes,
        )
        return EvalScores(losses)
