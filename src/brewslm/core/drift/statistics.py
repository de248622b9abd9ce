"""Tests of whether two samples come from the same source. Each gives a size of the effect, and a p-value."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NUM_PERMUTATIONS = 10_000
"""So that a p-value of one in a thousand is left after a correction for six checks."""
ENOUGH_LARGER = 20
"""Where so many permutations are as far apart, what was seen is nothing, and more need not be tried."""
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Tested:
    """What a test found."""

    effect: float
    p_value: float


def kolmogorov_smirnov(before: Sequence[float], now: Sequence[float]) -> Tested:
    """Compare two distributions; the effect is the largest distance of their cumulative shares.

    The p-value is asymptotic, with Stephens' correction for small samples (Numerical Recipes, 3rd ed., section 14.3.3).
    With ties it is conservative.
    """
    import numpy as np

    first, second = np.sort(np.asarray(before, float)), np.sort(np.asarray(now, float))
    places = np.concatenate([first, second])
    shares = [np.searchsorted(one, places, side="right") / len(one) for one in (first, second)]
    distance = float(np.abs(shares[0] - shares[1]).max())
    size = math.sqrt(len(first) * len(second) / (len(first) + len(second)))
    reach = (size + 0.12 + 0.11 / size) * distance
    if reach < 0.2:
        return Tested(distance, 1.0)  # the series below converges slowly there, to one
    terms = (2.0 * (-1.0) ** (k - 1) * math.exp(-2.0 * (k * reach) ** 2) for k in range(1, 101))
    return Tested(distance, min(1.0, max(0.0, sum(terms))))


def two_shares(before: tuple[int, int], now: tuple[int, int]) -> Tested:
    """Compare two shares, each as a count and a total; the effect is their difference. Fisher's exact test."""
    import numpy as np

    (hits, total), (new_hits, new_total) = before, now
    difference = new_hits / new_total - hits / total
    all_hits = hits + new_hits
    possible = range(max(0, all_hits - total), min(all_hits, new_total) + 1)
    weights = np.array([_log_ways(new_total, k) + _log_ways(total, all_hits - k) for k in possible])
    chances = np.exp(weights - weights.max())
    seen = chances[new_hits - possible.start]
    return Tested(difference, float(min(1.0, chances[chances <= seen * (1 + 1e-9)].sum() / chances.sum())))


def population_stability(before: "NDArray[np.int64]", now: "NDArray[np.int64]", *, seed: int) -> Tested:
    """Compare how often each bucket is met; [requests, buckets] counts. The effect is the PSI.

    Words of one request belong together, so the p-value is that of a permutation of whole requests.
    """
    import numpy as np

    joined = np.concatenate([before, now])
    chance = np.random.default_rng(seed)
    seen, total = _psi(before.sum(0), now.sum(0)), joined.sum(0)
    num_larger = num_tried = 0
    while num_tried < NUM_PERMUTATIONS and num_larger < ENOUGH_LARGER:
        order = chance.random((CHUNK, len(joined))).argpartition(len(before) - 1, axis=1)
        is_first = np.zeros(order.shape, dtype=np.float32)
        np.put_along_axis(is_first, order[:, : len(before)], 1.0, axis=1)
        firsts = (is_first @ joined.astype(np.float32)).astype(np.int64)
        num_larger += sum(_psi(first, total - first) >= seen for first in firsts)
        num_tried += CHUNK
    return Tested(seen, (num_larger + 1) / (num_tried + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for being several (Holm 1979)."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected, reached = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        reached = max(reached, min(1.0, p_values[place] * (len(p_values) - rank)))
        corrected[place] = reached
    return corrected


def _psi(before: "NDArray[np.int64]", now: "NDArray[np.int64]") -> float:
    """Population stability index; half a count more in each bucket keeps it finite."""
    import numpy as np

    first = (before + 0.5) / (before.sum() + 0.5 * len(before))
    second = (now + 0.5) / (now.sum() + 0.5 * len(now))
    return float(((second - first) * np.log(second / first)).sum())


def _log_ways(total: int, chosen: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)
