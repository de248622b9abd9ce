"""Learning from answers that were judged good or bad, each by itself: KTO.

Source: Ethayarajh et al. 2024, arXiv:2402.01306, section 4. An answer's reward is beta times its log-ratio to the base,
and its value is the logistic of how far the reward lies above (good) or below (bad) the reference point beta times z.

z estimates the divergence of the model from the base, KL(policy ‖ base), in each optimiser step anew: the prompts of
all its answers are scored with answers of other rows, z is the mean of these log-ratios, or 0 where the mean is below
that, and no gradient runs through it. The paper takes the foreign answers from the same batch. Here each row has its
foreign answer for the whole run (`JudgedAnswers`), drawn from the split by the seed: then z does not depend on how a
step is cut into micro-batches, is defined for steps of one answer, and the base need score each such pair only once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from brewslm.core.recipe.preference import PreferenceSettings
from brewslm.worker.models import AnyModel
from brewslm.worker.packing import PackedBatch, pack
from brewslm.worker.processes import Processes
from brewslm.worker.scoring import example_losses
from brewslm.worker.train.objectives.answers import Indices, JudgedAnswers, Selection, answer_logps
from brewslm.worker.train.objectives.objective import EvalScores
from brewslm.worker.train.objectives.reference import Reference
from brewslm.worker.train.objectives.rewards import judged_scores
from brewslm.worker.train.pulse import PULSE


@dataclass(frozen=True, slots=True)
class KtoLoss:
    """The loss of an answer: its weight times one minus its value."""

    beta: float
    desirable_weight: float
    undesirable_weight: float

    @classmethod
    def of(cls, settings: PreferenceSettings) -> "KtoLoss":
        """Take what the recipe says."""
        return cls(settings.beta, settings.desirable_weight, settings.undesirable_weight)

    def losses(self, log_ratios: Tensor, is_good: Tensor, *, divergence: float) -> Tensor:
        """Return the loss of each answer, [num_answers]; half its weight for the base.

        Args:
            log_ratios: [num_answers], log-probability under the policy minus that under the base.
            is_good: [num_answers].
            divergence: z, nats.
        """
        distance = self.beta * (log_ratios - divergence)
        signed = torch.where(is_good, distance, -distance)
        weights = torch.where(is_good, self.desirable_weight, self.undesirable_weight)
        # 1 - sigmoid(x) is sigmoid(-x), and that is exact where both are small.
        return weights * torch.sigmoid(-signed)


@dataclass(frozen=True, slots=True)
class JudgedBatch:
    """Judged answers in one row."""

    rows: NDArray[np.int64]
    """[num_answers], where they are in the split."""
    packed: PackedBatch

    @property
    def num_examples(self) -> int:
        """Answers."""
        return len(self.rows)

    @property
    def num_tokens(self) -> int:
        """Tokens of prompts and answers."""
        return self.packed.num_tokens

    @property
    def num_units(self) -> int:
        """Answers."""
        return len(self.rows)


class FeedbackObjective:
    """Mean loss per judged answer."""

    def __init__(
        self,
        model: AnyModel,
        loss: KtoLoss,
        train_split: JudgedAnswers,
        eval_split: JudgedAnswers,
        reference: Reference,
        *,
        processes: Processes,
    ) -> None:
        """Compare with `reference`, which was measured on these splits."""
        self._model, self._loss, self._processes = model, loss, processes
        self._train, self._eval, self._reference = train_split, eval_split, reference
        self._device = next(model.parameters()).device
        self._divergence = 0.0

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[num_train_rows], tokens of each row of the train split."""
        return self._train.lengths[::2]

    @property
    def eval_units(self) -> NDArray[np.int64]:
        """[num_eval_rows], one each."""
        return np.ones(len(self._eval) // 2, dtype=np.int64)

    def pack(self, indices: Indices) -> JudgedBatch:
        """Pack these rows of the train split, in this order."""
        rows = np.asarray(indices, dtype=np.int64)
        return JudgedBatch(rows, pack(self._train, 2 * rows, device=self._device))

    def prepare_step(self, batches: Sequence[JudgedBatch]) -> None:
        """Estimate the divergence from the base with the prompts of the whole step."""
        rows = np.concatenate([np.empty(0, dtype=np.int64), *(batch.rows for batch in batches)])
        ratios = self._foreign_ratios(rows)
        total, count = self._processes.total(float(ratios.sum()), len(ratios))
        self._divergence = max(0.0, total / count)

    def add_gradients(self, batch: JudgedBatch, *, scale: float) -> float:
        """Add the gradient of `scale` times the summed loss; return that sum. The step must have been prepared."""
        loss = self._losses(batch, self._divergence).sum()
        (loss * scale).backward()
        return loss.item()

    def weights_changed(self) -> None:
        """Nothing is derived from the weights; the divergence is estimated in each step."""

    @torch.no_grad()
    def loss_of(self, batch: JudgedBatch) -> float:
        """Return the summed loss of a batch, without gradients; the divergence is that of its own prompts."""
        return self._losses(batch, divergence_of(self._foreign_ratios(batch.rows))).sum().item()

    @torch.no_grad()
    def eval_scores(self) -> EvalScores:
        """Return the loss of each answer of the eval split, and how good and bad ones are told apart."""
        ratios = (
            -example_losses(self._model, self._eval, on_batch=PULSE.beat, processes=self._processes).reshape(-1, 2)
            - self._reference.eval
        )
        own, is_good = torch.from_numpy(ratios[:, 0]), torch.from_numpy(self._eval.is_good)
        losses = self._loss.losses(own, is_good, divergence=divergence_of(ratios[:, 1]))
        return EvalScores(losses.numpy(), judged_scores(self._loss.beta * ratios[:, 0], self._eval.is_good))

    def _losses(self, batch: JudgedBatch, divergence: float) -> Tensor:
        reference = torch.from_numpy(self._reference.train[batch.rows, 0]).to(self._device)
        is_good = torch.from_numpy(self._train.is_good[batch.rows]).to(self._device)
        return self._loss.losses(answer_logps(self._model, batch.packed) - reference, is_good, divergence=divergence)

    def _foreign_ratios(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        if not len(rows):
            return np.empty(0)
        logps = -example_losses(self._model, Selection(self._train, 2 * rows + 1), on_batch=PULSE.beat)
        ratios: NDArray[np.float64] = logps - self._reference.train[rows, 1]
        return ratios


def divergence_of(log_ratios: NDArray[np.float64]) -> float:
    """Return z, nats, for the log-ratios of foreign answers."""
    return max(0.0, float(log_ratios.mean()))
