"""From what a probe saw to what the whole training will come to. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from brewslm.core.artifacts.outlook.forecast import LossRange, Outlook

FIRST_STEPS = 5.0
"""Steps after which the loss is taken to fall as a power of their number."""
EXPONENT_RANGE = (0.46, 1.94)
"""Of the exponent that a probe shows, what makes the 80 % interval: that of Student's t for one more run, over the
logarithms of what came over what was shown in eleven runs (mean -0.06, standard deviation 0.50; docs/outlook.md)."""
UNPROBED_GAIN = (0.05, 0.25, 0.5)
"""Gain as a share of the base's loss where nothing was tried: low, expected, high. Wide, for it is only assumed."""
UNSURE = 0.2
"""Of a predicted gain, one standard deviation."""
MOST_KNOWLEDGE = 0.25
"""How far the loss after a probe is let speak for or against labels: it is early."""
GATE_Z = 1.96
"""The gate wants the 95 % interval of the difference below zero."""
LIKELY, UNLIKELY = 0.75, 0.3
FEW_ROWS = 50
"""Train rows below which a training mostly learns them by heart."""

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Seen:
    """What was measured on the drawn eval rows."""

    base_losses: Sequence[float]
    """A row's sum over its trained tokens, nats."""
    probed_losses: Sequence[float] | None
    num_tokens: Sequence[int]
    """Trained ones of each row."""
    hits: Sequence[bool] | None
    """Of classification: whether the probed model names the right label."""
    majority_hits: Sequence[bool] | None
    """Whether the most frequent label is the right one."""
    prior_loss: float | None
    """Of classification: what a row costs who only knows how frequent each label is, nats."""

    @property
    def base_loss(self) -> float:
        """Mean per trained token."""
        return sum(self.base_losses) / sum(self.num_tokens)


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to come."""

    probe_steps: int
    total_steps: int
    num_train_rows: int
    num_test_rows: int


def predict_loss(seen: Seen, plan: Planned) -> LossRange:
    """Predict the eval loss of the best checkpoint, with an 80 % interval.

    The loss is taken to fall as (1 + steps / FIRST_STEPS) to the power of -a, with the a that the probe shows.
    """
    base = seen.base_loss
    if seen.probed_losses is None:
        low, expected, high = UNPROBED_GAIN
        return LossRange(low=base * (1 - high), expected=base * (1 - expected), high=base * (1 - low))
    probed = max(sum(seen.probed_losses) / sum(seen.num_tokens), 1e-9)
    exponent = math.log(base / probed) / math.log1p(plan.probe_steps / FIRST_STEPS)
    found = sorted(
        base * (1.0 + plan.total_steps / FIRST_STEPS) ** (-exponent * factor) for factor in (1.0, *EXPONENT_RANGE)
    )
    return LossRange(low=found[0], expected=found[1], high=found[2])


def chance_of(seen: Seen, plan: Planned) -> float:
    """Return the probability that every gate of the evaluation passes."""
    if seen.probed_losses is None:
        return 0.5 * min(plan.num_train_rows / FEW_ROWS, 1.0)
    return _beats_base(seen, seen.probed_losses, plan) * _beats_majority(seen, plan)


def outlook_of(probability: float) -> Outlook:
    """Name a probability."""
    return "likely" if probability >= LIKELY else "unlikely" if probability <= UNLIKELY else "borderline"


def _grown(seen: Seen, plan: Planned) -> float:
    """Return the gain that is expected, over that of the probe."""
    gain = sum(seen.base_losses) - sum(seen.probed_losses or seen.base_losses)
    whole = (seen.base_loss - predict_loss(seen, plan).expected) * sum(seen.num_tokens)
    return max(whole / gain, 1.0) if gain > 0.0 else 1.0


def _beats_base(seen: Seen, probed: Sequence[float], plan: Planned) -> float:
    """The chance that the interval of the gate, over the rows of test, lies below zero."""
    gains = [base - tuned for base, tuned in zip(seen.base_losses, probed, strict=True)]
    mean = sum(gains) / len(gains)
    spread = math.sqrt(sum((gain - mean) ** 2 for gain in gains) / max(len(gains) - 1, 1))
    if spread == 0.0:
        return float(mean > 0.0)
    error = spread / math.sqrt(max(plan.num_test_rows, 1))
    z = mean * _grown(seen, plan) / error
    uncertainty = math.hypot(1.0, UNSURE * z, math.sqrt(plan.num_test_rows / len(gains)))
    return _NORMAL.cdf((z - GATE_Z) / uncertainty)


def _beats_majority(seen: Seen, plan: Planned) -> float:
    """The chance that more labels are right than by always naming the same one; 1 for other tasks."""
    if seen.hits is None or seen.majority_hits is None or seen.prior_loss is None or seen.probed_losses is None:
        return 1.0
    count = len(seen.hits)
    excess = (sum(seen.hits) - sum(seen.majority_hits)) / count
    changed = sum(one != other for one, other in zip(seen.hits, seen.majority_hits, strict=True)) / count
    error = math.sqrt(max(changed, 1.0 / count) * (1.0 / count + 1.0 / max(plan.num_test_rows, 1)))
    knowledge = 1.0 - sum(seen.probed_losses) / count / max(seen.prior_loss, 1e-9)
    # A model whose loss stays above what the labels' frequencies give has learnt them, and not what they depend on.
    return _NORMAL.cdf(excess / error + 4.0 * min(max(knowledge, -MOST_KNOWLEDGE), MOST_KNOWLEDGE))
