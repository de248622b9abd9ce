"""How far a model prefers better answers: accuracy and margin of rewards, with intervals."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from brewslm.core.wire.progress import RewardScores

_NUM_RESAMPLES = 2000
_Z = 1.959963984540054
"""Of a two-sided 95 % interval."""


def pair_scores(tuned: NDArray[np.float64], base: NDArray[np.float64]) -> RewardScores:
    """Compare the rewards of chosen and rejected answers, both [num_pairs, 2]."""
    margins, base_margins = tuned[:, 0] - tuned[:, 1], base[:, 0] - base[:, 1]
    accuracy = float(_wins(margins).mean())
    low, high = wilson_interval(accuracy, len(margins))
    margin_low, margin_high = _bootstrap(lambda random: float(_drawn(margins, random).mean()))
    return RewardScores(
        accuracy=accuracy,
        accuracy_low=low,
        accuracy_high=high,
        baseline_accuracy=float(_wins(base_margins).mean()),
        margin=float(margins.mean()),
        margin_low=margin_low,
        margin_high=margin_high,
        baseline_margin=float(base_margins.mean()),
    )


def judged_scores(rewards: NDArray[np.float64], is_good: NDArray[np.bool_]) -> RewardScores | None:
    """Compare the rewards of good and of bad answers, [num_answers]; None where there are not both.

    The base gives every answer the reward 0. The accuracy is the area under the ROC curve, by ranks
    (Mann and Whitney 1947).
    """
    good, bad = rewards[is_good], np.sort(rewards[~is_good])
    if not len(good) or not len(bad):
        return None
    below = np.searchsorted(bad, good, side="left") + np.searchsorted(bad, good, side="right")
    low, high = _bootstrap(lambda random: float(_drawn(good, random).mean() - _drawn(bad, random).mean()))
    return RewardScores(
        accuracy=float(below.mean() / (2 * len(bad))),
        baseline_accuracy=0.5,
        margin=float(good.mean() - bad.mean()),
        margin_low=low,
        margin_high=high,
        baseline_margin=0.0,
    )


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share that was seen in `count` draws (Wilson 1927, JASA 22)."""
    centre = share + _Z**2 / (2 * count)
    half = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return max(0.0, (centre - half) / (1 + _Z**2 / count)), min(1.0, (centre + half) / (1 + _Z**2 / count))


def _wins(margins: NDArray[np.float64]) -> NDArray[np.float64]:
    return (1 + np.sign(margins)) / 2


def _drawn(values: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    return values[random.integers(len(values), size=len(values))]


def _bootstrap(statistic: Callable[[np.random.Generator], float]) -> tuple[float, float]:
    """Return the 95 % percentile interval over resamples that are the same each time."""
    random = np.random.default_rng(0)
    low, high = np.quantile([statistic(random) for _ in range(_NUM_RESAMPLES)], [0.025, 0.975])
    return float(low), float(high)
