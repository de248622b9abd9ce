"""Paired comparisons. Every number comes with its interval, every difference with the chance that it is noise.

A metric is a function of sums over rows, so that mean, ratio, F1 of a confusion and calibration error are all resampled
alike.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from brewslm.core.evaluation.interval import EvalVerdict, Interval

NUM_RESAMPLES = 10_000
CONFIDENCE = 0.95
_CELLS = 1 << 22
"""Of a chunk of resamples: resamples times rows."""

Combine = Callable[[Any], Any]
"""From sums [..., num_columns] to values [...]."""


def ratio(sums: Any) -> Any:  # noqa: ANN401 - an array of numpy, which loads where it is used
    """Return the first sum by the second; where that is zero, zero."""
    import numpy as np

    weights = sums[..., 1]
    return np.where(weights == 0.0, 0.0, sums[..., 0] / np.where(weights == 0.0, 1.0, weights))


@dataclass(frozen=True, slots=True)
class Paired:
    """What two models made of the same rows, in one metric."""

    base: Sequence[Sequence[float]]
    """[num_rows, num_columns], what is summed."""
    tuned: Sequence[Sequence[float]]
    combine: Combine = ratio


@dataclass(frozen=True, slots=True)
class Compared:
    """Two values, their difference, and how sure each is."""

    base: float
    tuned: float
    base_interval: Interval
    tuned_interval: Interval
    interval: Interval
    """Of tuned minus base."""
    p_lower: float
    """How often chance alone gives so low a difference: the models' answers are swapped row by row."""
    p_higher: float
    beyond: Callable[[float], float]
    """Of a limit: the share of resamples whose difference lies at or above it."""

    @property
    def delta(self) -> float:
        """Tuned minus base."""
        return self.tuned - self.base

    @property
    def p_value(self) -> float:
        """How often chance alone gives a difference so far from zero, on either side."""
        return min(1.0, 2.0 * min(self.p_lower, self.p_higher))

    def verdict(self, *, is_lower_better: bool) -> EvalVerdict:
        """Say "better" or "worse" only where neither resampling nor swapping explains the difference by noise."""
        if not self.p_value <= 1.0 - CONFIDENCE:
            return "cannot tell"
        return verdict_of(self.interval, is_lower_better=is_lower_better)

    def p_regressed(self, margin: float, *, is_lower_better: bool) -> float:
        """Return how well noise explains that tuned is worse than base by more than a margin, from 0 to 1.

        It is the larger of two: that of the bootstrap, whose rows stand for others, and that of the swaps, which holds
        for few rows.
        """
        if is_lower_better:
            return max(1.0 - self.beyond(margin), self.p_higher)
        return max(self.beyond(-margin), self.p_lower)


def compare_pairs(
    metrics: Sequence[Paired], *, seed: int, num_resamples: int = NUM_RESAMPLES, confidence: float = CONFIDENCE
) -> tuple[Compared, ...]:
    """Compare base and tuned in metrics of the same rows, over the same resamples.

    Sources: Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 13.3; Hesterberg 2015, What Teachers
    Should Know about the Bootstrap, section 5.3 (expanded percentile); Noreen 1989 (approximate randomisation).
    """
    import numpy as np

    if not metrics:
        return ()
    sides = [np.asarray([*one.base, *one.tuned], dtype=np.float64) for one in metrics]
    num_rows = len(metrics[0].base)
    base = np.concatenate([side[:num_rows] for side in sides], axis=1)
    tuned = np.concatenate([side[num_rows:] for side in sides], axis=1)
    ends = np.cumsum([side.shape[1] for side in sides]).tolist()
    columns = [slice(end - side.shape[1], end) for side, end in zip(sides, ends, strict=True)]
    generator = np.random.default_rng(seed)
    drawn: list[list[Any]] = [[] for _ in metrics]
    for counts in _resamples(generator, num_rows, num_resamples):
        sums = counts @ base, counts @ tuned
        for found, one, span in zip(drawn, metrics, columns, strict=True):
            found.append(np.stack([one.combine(side[:, span]) for side in sums]))
    swapped: list[list[Any]] = [[] for _ in metrics]
    total, change = base.sum(axis=0), tuned - base
    whole = change.sum(axis=0)
    for swaps in _swaps(generator, num_rows, num_resamples):
        moved = swaps @ change
        for found, one, span in zip(swapped, metrics, columns, strict=True):
            before = one.combine((total + moved)[:, span])
            found.append(one.combine((total + whole - moved)[:, span]) - before)
    tail = tail_for(num_rows, confidence)
    return tuple(
        _compared(
            one.combine(total[span]),
            one.combine((total + whole)[span]),
            np.concatenate(estimates, axis=1),
            np.concatenate(chances),
            tail,
        )
        for one, span, estimates, chances in zip(metrics, columns, drawn, swapped, strict=True)
    )


def _compared(base: Any, tuned: Any, drawn: Any, chances: Any, tail: float) -> Compared:  # noqa: ANN401 - arrays of numpy
    import numpy as np

    differences = drawn[1] - drawn[0]
    seen = float(tuned - base)
    slack = 1e-12 * max(1.0, abs(float(base)), abs(float(tuned)))
    num = len(chances) + 1
    is_known = math.isfinite(seen)
    return Compared(
        base=float(base),
        tuned=float(tuned),
        base_interval=_interval(drawn[0], tail),
        tuned_interval=_interval(drawn[1], tail),
        interval=_interval(differences, tail),
        p_lower=float(1 + (chances <= seen + slack).sum()) / num if is_known else 1.0,
        p_higher=float(1 + (chances >= seen - slack).sum()) / num if is_known else 1.0,
        beyond=lambda limit: float(np.mean(differences >= limit)),
    )


def _interval(values: Any, tail: float) -> Interval:  # noqa: ANN401 - an array of numpy
    import numpy as np

    low, high = np.quantile(values, [tail, 1.0 - tail])
    return Interval(low=float(low), high=float(high))


def _resamples(generator: Any, num_rows: int, num_resamples: int) -> Iterator[Any]:  # noqa: ANN401 - of numpy
    """Yield how often each row is drawn, [chunk, num_rows]."""
    import numpy as np

    chunk = max(1, _CELLS // num_rows)
    for start in range(0, num_resamples, chunk):
        rows = min(chunk, num_resamples - start)
        picks = generator.integers(0, num_rows, size=(rows, num_rows)) + num_rows * np.arange(rows)[:, None]
        yield np.bincount(picks.ravel(), minlength=rows * num_rows).reshape(rows, num_rows).astype(np.float64)


def _swaps(generator: Any, num_rows: int, num_resamples: int) -> Iterator[Any]:  # noqa: ANN401 - of numpy
    """Yield whether a row's two answers are swapped, [chunk, num_rows], 0 or 1."""
    chunk = max(1, _CELLS // num_rows)
    for start in range(0, num_resamples, chunk):
        rows = min(chunk, num_resamples - start)
        yield generator.integers(0, 2, size=(rows, num_rows)).astype("float64")


def tail_for(num_rows: int, confidence: float = CONFIDENCE) -> float:
    """Return the share of resamples to leave out on either side.

    Resamples of few rows vary too little, by (n - 1) / n, and take the spread of the rows for known; the tail is that
    of a normal distribution where Student's t with the same confidence ends (Hesterberg 2015, section 5.3).
    """
    wanted = (1.0 - confidence) / 2.0
    if num_rows < 2:
        return 0.0
    reach = math.sqrt(num_rows / (num_rows - 1)) * t_quantile(1.0 - wanted, num_rows - 1)
    return NormalDist().cdf(-reach)


def t_quantile(share: float, freedom: int) -> float:
    """Return the quantile of Student's t distribution, share from 0.5 to 1, for 1, 2 and from 3 degrees of freedom on.

    Source: Abramowitz and Stegun 1964, 26.7.5, which is within 0.4 % of the truth from 3 degrees on, for 95 %.
    """
    if freedom == 1:
        return math.tan(math.pi * (share - 0.5))
    if freedom == 2:
        return (2.0 * share - 1.0) * math.sqrt(2.0 / (4.0 * share * (1.0 - share)))
    z = NormalDist().inv_cdf(share)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p-values of several questions, so that all together are wrong as rarely as one (Holm 1979)."""
    order = sorted(range(len(p_values)), key=lambda number: p_values[number])
    adjusted, largest = [1.0] * len(p_values), 0.0
    for rank, number in enumerate(order):
        largest = max(largest, min(1.0, p_values[number] * (len(p_values) - rank)))
        adjusted[number] = largest
    return tuple(adjusted)


def paired_ratio_interval(
    differences: Sequence[float],
    weights: Sequence[float],
    *,
    seed: int,
    num_resamples: int = NUM_RESAMPLES,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Return the bootstrap interval of sum(differences) / sum(weights) over paired examples.

    Args:
        differences: per example, tuned minus base, summed over its tokens (nats), or the difference of two scores.
        weights: per example, its number of tokens, or 1.
        seed: fixes the resamples.
        num_resamples: how many resamples are drawn.
        confidence: how sure it is to hold the truth.
    """
    import numpy as np

    columns = np.stack([np.asarray(differences, dtype=np.float64), np.asarray(weights, dtype=np.float64)], axis=1)
    resamples = _resamples(np.random.default_rng(seed), len(columns), num_resamples)
    estimates = np.concatenate([ratio(counts @ columns) for counts in resamples])
    return _interval(estimates, tail_for(len(columns), confidence))


def verdict_of(interval: Interval, *, is_lower_better: bool) -> EvalVerdict:
    """Say "better" or "worse" only where the interval of the difference excludes zero."""
    if not (interval.low > 0.0 or interval.high < 0.0):
        return "cannot tell"
    is_below = interval.high < 0.0
    return "better" if is_below == is_lower_better else "worse"
