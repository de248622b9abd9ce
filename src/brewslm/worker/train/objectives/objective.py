"""The interface between the loop and what it minimises."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray


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

    def add_gradients(self, batch: B, *, scale: float) -> float:
        """Add the gradient of `scale` times the summed loss to `.grad` of each trained weight; return that sum."""
        ...

    def weights_changed(self) -> None:
        """Learn that trained weights were changed from outside: by the optimiser, or by a checkpoint."""
        ...

    def loss_of(self, batch: B) -> float:
        """Return the summed loss of a batch, without gradients."""
        ...

    def eval_losses(self) -> NDArray[np.float64]:
        """Return the loss of each example of the eval split, [num_eval_examples], summed over its units.

        Where several processes train, each scores its share, and the losses of the others are 0.
        """
        ...
