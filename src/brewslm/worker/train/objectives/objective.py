"""The interface between the loop and what it minimises."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from brewslm.core.wire.progress import RewardScores


class Batch(Protocol):
    """One micro-batch, ready for the model."""

    @property
    def num_examples(self) -> int:
        """Examples, or pairs of answers."""
        ...

    @property
    def num_tokens(self) -> int:
        """Tokens of the examples; what fills the row is not counted."""
        ...

    @property
    def num_units(self) -> int:
        """What the loss is a mean over: trained tokens, or pairs, or judged answers."""
        ...


B = TypeVar("B", bound=Batch)


def with_units(batches: Sequence[B]) -> list[B]:
    """Return the batches that have anything to lose."""
    return [batch for batch in batches if batch.num_units]


@dataclass(frozen=True, slots=True)
class EvalScores:
    """What an objective says of the eval split."""

    losses: NDArray[np.float64]
    """[num_eval_examples], of each example, summed over its units."""
    rewards: RewardScores | None = None
    """Where answers have rewards."""


class Objective(Protocol[B]):
    """A loss over the examples of a split, summed over units so that means over any set of batches are exact."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[num_train_examples], tokens that each example of the train split brings into a row."""
        ...

    @property
    def eval_units(self) -> NDArray[np.int64]:
        """[num_eval_examples], units of each example of the eval split."""
        ...

    def pack(self, indices: Sequence[int] | NDArray[np.int64]) -> B:
        """Pack these examples of the train split, in this order."""
        ...

    def prepare_step(self, batches: Sequence[B]) -> None:
        """Learn of all micro-batches of an optimiser step, before the first gradient of it."""
        ...

    def add_gradients(self, batch: B, *, scale: float) -> float:
        """Add the gradient of `scale` times the summed loss to `.grad` of each trained weight; return that sum."""
        ...

    def weights_changed(self) -> None:
        """Learn that trained weights were changed from outside: by the optimiser, or by a checkpoint."""
        ...

    def loss_of(self, batch: B) -> float:
        """Return the summed loss of a batch, without gradients."""
        ...

    def eval_scores(self) -> EvalScores:
        """Score every example of the eval split; where several processes train, each gets the scores of all."""
        ...
