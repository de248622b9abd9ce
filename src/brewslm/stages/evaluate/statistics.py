"""Paired comparisons. Every number comes with its interval."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from brewslm.core.artifacts.eval_report import EvalVerdict, Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

NUM_RESAMPLES = 10_000
_CHUNK = 500


def paired_ratio_interval(
    differences: Sequence[float],
    weights: Sequence[float],
    *,
    seed: int,
    num_resamples: int = NUM_RESAMPLES,
    confidence: float = 0.95,
) -> Interval:
    """Return the percentile bootstrap interval of sum(differences) / sum(weights) over paired examples.

    Args:
        differences: per example, tuned minus base, summed over its tokens (nats), or the difference of two scores.
        weights: per example, its number of tokens, or 1.
        seed: fixes the resamples.
        num_resamples: how many resamples are drawn.
        confidence: how much of the resamples' estimates lies in the interval.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 13.3.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    numerator = np.asarray(differences, dtype=np.float64)
    denominator = np.asarray(weights, dtype=np.float64)
    estimates: list[NDArray[np.float64]] = []
    for start in range(0, num_resamples, _CHUNK):
        rows = min(_CHUNK, num_resamples - start)
        picks = generator.integers(0, len(numerator), size=(rows, len(numerator)))
        estimates.append(numerator[picks].sum(axis=1) / denominator[picks].sum(axis=1))
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(np.concatenate(estimates), [tail, 1.0 - tail])
    return Interval(low=float(low), high=float(high))


def verdict_of(interval: Interval, *, is_lower_better: bool) -> EvalVerdict:
    """Say "better" or "worse" only where the interval of the difference excludes zero."""
    if interval.low <= 0.0 <= interval.high:
        return "cannot tell"
    is_below = interval.high < 0.0
    return "better" if is_below == is_lower_better else "worse"
