"""Learning which of two answers is the better one: DPO, IPO and ORPO.

Both answers of a pair go through the model in one packed row. Losses are per pair, nats, in float64.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import logsigmoid

from brewslm.core.recipe.preference import PreferenceSettings
from brewslm.worker.models import AnyModel
from brewslm.worker.packing import PackedBatch, pack
from brewslm.worker.processes import Processes
from brewslm.worker.scoring import example_losses
from brewslm.worker.train.objectives.answers import Indices, Pairs, answer_logps, both
from brewslm.worker.train.objectives.objective import EvalScores
from brewslm.worker.train.objectives.reference import Reference
from brewslm.worker.train.objectives.rewards import pair_scores
from brewslm.worker.train.pulse import PULSE


@dataclass(frozen=True, slots=True)
class Logps:
    """What models say of pairs; each [num_pairs, 2], chosen and rejected."""

    policy: Tensor
    """Log-probability of each answer, nats."""
    reference: Tensor
    """The same under the base; not a number where it was not measured, because the loss does not ask for it."""
    num_tokens: Tensor
    """Tokens of each answer."""


class PairLoss(Protocol):
    """What is minimised for each pair."""

    def losses(self, logps: Logps) -> Tensor:
        """Return the loss of each pair, [num_pairs]."""
        ...

    def rewards(self, logps: Logps) -> Tensor:
        """Return the reward of each answer, [num_pairs, 2]."""
        ...


@dataclass(frozen=True, slots=True)
class DpoLoss:
    """Direct preference optimisation (Rafailov et al. 2023, arXiv:2305.18290, equation 7).

    With label smoothing, the loss under labels of which that share is the wrong way round (its equation 3 in
    Mitchell 2023, "A note on DPO with noisy preferences").
    """

    beta: float
    label_smoothing: float

    def losses(self, logps: Logps) -> Tensor:
        """Return the loss of each pair; log 2 for the base."""
        rewards = self.rewards(logps)
        margins = rewards[:, 0] - rewards[:, 1]
        smoothing = self.label_smoothing
        return -(1 - smoothing) * logsigmoid(margins) - smoothing * logsigmoid(-margins)

    def rewards(self, logps: Logps) -> Tensor:
        """Return beta times the log-ratio to the base."""
        return self.beta * (logps.policy - logps.reference)


@dataclass(frozen=True, slots=True)
class IpoLoss:
    """Identity preference optimisation (Azar et al. 2023, arXiv:2310.12036, equation 17).

    Log-ratios are means over the tokens of an answer, as in the authors' experiments, so that beta means the same for
    short and long answers.
    """

    beta: float

    def losses(self, logps: Logps) -> Tensor:
        """Return the loss of each pair; 1 / (4 beta²) for the base."""
        ratios = (logps.policy - logps.reference) / logps.num_tokens
        return (ratios[:, 0] - ratios[:, 1] - 1 / (2 * self.beta)).square()

    def rewards(self, logps: Logps) -> Tensor:
        """Return beta times the mean log-ratio to the base."""
        return self.beta * (logps.policy - logps.reference) / logps.num_tokens


@dataclass(frozen=True, slots=True)
class OrpoLoss:
    """Odds ratio preference optimisation (Hong et al. 2024, arXiv:2403.07691, equations 6 and 7); needs no reference.

    The likelihood of an answer is the geometric mean over its tokens (equation 3). Its log-likelihood is taken over the
    chosen answer, not over the prompt.
    """

    weight: float

    def losses(self, logps: Logps) -> Tensor:
        """Return the loss of each pair."""
        means = logps.policy / logps.num_tokens
        log_odds = means - _log1mexp(means)
        return -means[:, 0] - self.weight * logsigmoid(log_odds[:, 0] - log_odds[:, 1])

    def rewards(self, logps: Logps) -> Tensor:
        """Return lambda times the mean log-probability."""
        return self.weight * logps.policy / logps.num_tokens


def loss_for(mode: str, settings: PreferenceSettings) -> PairLoss:
    """Return the loss of the mode `dpo` or `orpo`."""
    if mode == "orpo":
        return OrpoLoss(settings.orpo_lambda)
    if settings.loss == "ipo":
        return IpoLoss(settings.beta)
    return DpoLoss(settings.beta, settings.label_smoothing)


@dataclass(frozen=True, slots=True)
class PairBatch:
    """Pairs in one row."""

    rows: NDArray[np.int64]
    """[num_pairs], where they are in the split."""
    packed: PackedBatch
    """Chosen and rejected by turns."""

    @property
    def num_examples(self) -> int:
        """Pairs."""
        return len(self.rows)

    @property
    def num_tokens(self) -> int:
        """Tokens of both answers, with the prompt before each."""
        return self.packed.num_tokens

    @property
    def num_units(self) -> int:
        """Pairs."""
        return len(self.rows)


class PreferenceObjective:
    """Mean loss per pair."""

    def __init__(
        self,
        model: AnyModel,
        loss: PairLoss,
        train_split: Pairs,
        eval_split: Pairs,
        reference: Reference,
        *,
        processes: Processes,
    ) -> None:
        """Compare with `reference`, which was measured on these splits."""
        self._model, self._loss, self._processes = model, loss, processes
        self._train, self._eval, self._reference = train_split, eval_split, reference
        self._device = next(model.parameters()).device

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[num_train_pairs], tokens of both answers, with the prompt before each."""
        return self._train.pair_lengths

    @property
    def eval_units(self) -> NDArray[np.int64]:
        """[num_eval_pairs], one each."""
        return np.ones(len(self._eval) // 2, dtype=np.int64)

    def pack(self, indices: Indices) -> PairBatch:
        """Pack these pairs of the train split, in this order."""
        return PairBatch(np.asarray(indices), pack(self._train, both(indices), device=self._device))

    def prepare_step(self, batches: Sequence[PairBatch]) -> None:
        """Nothing is shared between the pairs of a step."""

    def add_gradients(self, batch: PairBatch, *, scale: float) -> float:
        """Add the gradient of `scale` times the summed loss; return that sum."""
        loss = self._losses(batch).sum()
        (loss * scale).backward()
        return loss.item()

    def weights_changed(self) -> None:
        """Nothing is derived from the weights."""

    @torch.no_grad()
    def loss_of(self, batch: PairBatch) -> float:
        """Return the summed loss of a batch, without gradients."""
        return self._losses(batch).sum().item()

    @torch.no_grad()
    def eval_scores(self) -> EvalScores:
        """Return the loss of each pair of the eval split, and how its answers are preferred."""
        policy = torch.from_numpy(
            -example_losses(self._model, self._eval, on_batch=PULSE.beat, processes=self._processes).reshape(-1, 2)
        )
        reference, num_tokens = torch.from_numpy(self._reference.eval), torch.from_numpy(self._eval.num_labels)
        tuned, base = Logps(policy, reference, num_tokens), Logps(reference, reference, num_tokens)
        rewards = pair_scores(self._loss.rewards(tuned).numpy(), self._loss.rewards(base).numpy())
        return EvalScores(self._loss.losses(tuned).numpy(), rewards)

    def _losses(self, batch: PairBatch) -> Tensor:
        logps = Logps(
            policy=answer_logps(self._model, batch.packed).view(-1, 2),
            reference=torch.from_numpy(self._reference.train[batch.rows]).to(self._device),
            num_tokens=torch.from_numpy(self._train.num_labels[batch.rows]).to(self._device),
        )
        return self._loss.losses(logps)


def _log1mexp(values: Tensor) -> Tensor:
    """Return log(1 - exp(x)) for x below 0, exact on both sides of -log 2 (Mächler 2012, "Accurately computing …")."""
    below = values.clamp(max=-torch.finfo(values.dtype).tiny)
    is_near = below > -math.log(2)
    near = torch.log(-torch.expm1(torch.where(is_near, below, -math.log(2))))
    far = torch.log1p(-torch.exp(torch.where(is_near, -math.log(2), below)))
    return torch.where(is_near, near, far)
