"""A short trial of both paths on rows of the run itself: how fast each is, and whether they agree."""

import math
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from brewslm.core.recipe.recipe import Recipe
from brewslm.core.value import Value
from brewslm.worker.models import AnyModel
from brewslm.worker.packing import PackedBatch, pack
from brewslm.worker.processes import Processes
from brewslm.worker.shard import Examples
from brewslm.worker.train.batches import Curriculum
from brewslm.worker.train.paths import GradientPath
from brewslm.worker.train.pulse import PULSE

SHARE_OF_RUN = 0.02
"""Of the run's tokens that may go through a trial."""
NUM_ROUNDS = 3
"""Each path makes the gradients so often, in turn; the first time warms it up and is compared."""
FEWEST_TOKENS, MOST_TOKENS = 256, 2048
"""On fewer a step is another one than in training, unless a micro-batch has no more; on more nothing else is seen."""
LEAST_GAIN = 1.1
"""What is usual in a precision is left only for so many times its rate, so that chance seldom decides."""
TOLERANCES = {torch.float32: (1e-4, 1e-3), torch.bfloat16: (0.01, 0.1)}
"""Of the loss, and of all gradients together: differences relative to the general path.

Measured at 30M: 4e-8 and 6e-7 in float32, 3e-5 and 0.008 in bfloat16, whose numbers have 8 bits.
"""


def is_fast_usual(dtype: torch.dtype) -> bool:
    """Whether the fast path is taken where nothing was measured; products in bfloat16 are for the processor to tell."""
    return dtype == torch.float32


class Trial(Value):
    """What was found."""

    num_tokens: int
    """Of the rows that were tried."""
    general_tokens_per_second: float
    fast_tokens_per_second: float
    loss_difference: float | None
    """Relative to the loss of the general path; None where that is not a number."""
    gradient_difference: float | None
    """Norm of the difference of all gradients together, relative to that of the general path's; None as above."""

    def prefers_fast(self, dtype: torch.dtype) -> bool:
        """Whether the fast path is the better one: what is usual for products in `dtype` needs no gain."""
        gain = self.fast_tokens_per_second / self.general_tokens_per_second
        return gain > (1 / LEAST_GAIN if is_fast_usual(dtype) else LEAST_GAIN)

    @property
    def rates(self) -> str:
        """Both rates in words."""
        fast, general = self.fast_tokens_per_second, self.general_tokens_per_second
        return f"{fast:.0f} tokens/s where the general path makes {general:.0f}"

    def agrees(self, dtype: torch.dtype) -> bool:
        """Whether the fast path computes what the general one does, as far as products in `dtype` can tell."""
        of_loss, of_gradients = TOLERANCES[dtype]
        return (
            self.loss_difference is not None
            and self.gradient_difference is not None
            and self.loss_difference <= of_loss
            and self.gradient_difference <= of_gradients
        )


def trial_batch(split: Examples, recipe: Recipe, processes: Processes, *, device: torch.device) -> PackedBatch | None:
    """Return the run's first micro-batch, or as much of it as the share of the run pays; None where that is too little.

    Args:
        split: of the training.
        recipe: says in which order it is seen, and how often.
        processes: share the run.
        device: of the model.
    """
    curriculum = Curriculum(split.lengths, recipe.data, seed=recipe.seed)
    num_tokens = curriculum.num_seen(curriculum.total_steps) * float(split.lengths.mean()) / processes.num
    affordable = min(MOST_TOKENS, SHARE_OF_RUN * num_tokens / (2 * NUM_ROUNDS))
    for rows in curriculum.micro_batches(1, processes)[:1]:
        sums = split.lengths[rows].cumsum()
        fitting = rows[sums <= affordable]
        if len(fitting) and (len(fitting) == len(rows) or sums[len(fitting) - 1] >= FEWEST_TOKENS):
            batch = pack(split, fitting, device=device)
            return batch if batch.num_labels else None
    return None


def try_both(model: AnyModel, general: GradientPath, fast: GradientPath, batch: PackedBatch) -> Trial:
    """Make the gradients of a batch by both paths in turn; afterwards there are none, and nothing is drawn."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    with torch.random.fork_rng(devices=[]):
        loss, gradients, _ = _outcome(general, weights, batch, clock)
        fast_loss, fast_gradients, _ = _outcome(fast, weights, batch, clock)
        gradient_difference = _distance(fast_gradients, gradients)
        del gradients, fast_gradients
        rounds = [[_outcome(path, weights, batch, clock)[2] for path in (general, fast)] for _ in range(NUM_ROUNDS - 1)]
    general_seconds, fast_seconds = map(min, zip(*rounds, strict=True))
    return Trial(
        num_tokens=batch.num_tokens,
        general_tokens_per_second=batch.num_tokens / general_seconds,
        fast_tokens_per_second=batch.num_tokens / fast_seconds,
        loss_difference=_relative(abs(fast_loss - loss), loss),
        gradient_difference=gradient_difference,
    )


def _outcome(
    path: GradientPath, weights: list[nn.Parameter], batch: PackedBatch, clock: Callable[[], float]
) -> tuple[float, list[Tensor], float]:
    """Return loss, gradients and seconds, and take the gradients off the weights."""
    PULSE.beat()
    began_at = clock()
    loss = path.add_gradients(batch, scale=1 / batch.num_labels)
    seconds = clock() - began_at
    gradients = [weight.grad if weight.grad is not None else torch.zeros_like(weight) for weight in weights]
    for weight in weights:
        weight.grad = None
    return loss, gradients, seconds


def _distance(these: list[Tensor], those: list[Tensor]) -> float | None:
    """Return the norm of the difference of all together, relative to that of the second."""
    apart = torch.stack([(one - other).norm() for one, other in zip(these, those, strict=True)]).norm()
    return _relative(float(apart), float(torch.stack([other.norm() for other in those]).norm()))


def _relative(difference: float, whole: float) -> float | None:
    return difference / whole if whole and math.isfinite(difference / whole) else None
