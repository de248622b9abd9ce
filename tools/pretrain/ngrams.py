"""Count-based baselines over tokens: a unigram model and an interpolated 5-gram model."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_BITS_PER_TOKEN = 12
_MAX_ORDER = 5

Counts = NDArray[np.int64]
Keys = NDArray[np.uint64]
Bits = NDArray[np.float64]
_Number = TypeVar("_Number", np.int64, np.float64)


def unigram_bits(training: NDArray[np.uint16], targets: NDArray[np.uint16], *, vocabulary_size: int) -> Bits:
    """Return each target's cost in bits under token frequencies with one added to every count."""
    counts = np.bincount(training, minlength=vocabulary_size) + 1
    costs: Bits = -np.log2(counts / counts.sum())[targets]
    return costs


@dataclass(frozen=True)
class _Order:
    """One order's counts: sorted n-grams, and sorted contexts with what follows them."""

    keys: Keys
    counts: Counts
    contexts: Keys
    totals: Counts
    backoff_mass: NDArray[np.float64]
    discounts: NDArray[np.float64]


class KneserNey:
    """Interpolated modified Kneser-Ney smoothing of order 5 (Chen and Goodman 1998, section 3)."""

    def __init__(self, tokens: NDArray[np.uint16], *, vocabulary_size: int, order: int = _MAX_ORDER) -> None:
        """Count the training tokens.

        Raises:
            ValueError: if an n-gram of that order does not fit a 64-bit key.
        """
        if vocabulary_size > 1 << _BITS_PER_TOKEN or order > _MAX_ORDER:
            raise ValueError(f"vocabulary {vocabulary_size} and order {order} do not fit a 64-bit key")
        self.vocabulary_size = vocabulary_size
        self._orders: list[_Order] = []
        keys, counts = np.unique(_keys(tokens, order), return_counts=True)
        for length in range(order, 0, -1):
            self._orders.insert(0, _order(keys, counts.astype(np.int64)))
            if length > 1:
                keys, counts = np.unique(keys & _mask(length - 1), return_counts=True)

    def bits(self, tokens: NDArray[np.uint16]) -> Bits:
        """Return the cost in bits of each token from the fifth on, given the four before it."""
        order = len(self._orders)
        grams = _keys(tokens, order)
        probabilities = np.full(len(grams), 1.0 / self.vocabulary_size)
        for length, counts in enumerate(self._orders, start=1):
            probabilities = _interpolate(counts, grams & _mask(length), probabilities)
        costs: Bits = -np.log2(probabilities)
        return costs


def _mask(length: int) -> np.uint64:
    return np.uint64((1 << (_BITS_PER_TOKEN * length)) - 1)


def _keys(tokens: NDArray[np.uint16], order: int) -> Keys:
    """Pack every run of `order` tokens into one integer, the last token lowest."""
    wide = tokens.astype(np.uint64)
    count = len(wide) - order + 1
    keys: Keys = np.zeros(count, dtype=np.uint64)
    for place in range(order):
        keys = (keys << np.uint64(_BITS_PER_TOKEN)) | wide[place : place + count]
    return keys


def _order(keys: Keys, counts: Counts) -> _Order:
    """Sum up sorted n-grams by their context."""
    discounts = _discounts(counts)
    contexts, starts = np.unique(keys >> np.uint64(_BITS_PER_TOKEN), return_index=True)
    totals = np.add.reduceat(counts, starts)
    taken = np.add.reduceat(discounts[np.minimum(counts, 3)], starts)
    return _Order(keys, counts, contexts, totals, taken / totals, discounts)


def _discounts(counts: Counts) -> NDArray[np.float64]:
    """Estimate the discounts for counts of 0, 1, 2 and 3 or more."""
    n1, n2, n3, n4 = (max(1, int((counts == number).sum())) for number in (1, 2, 3, 4))
    share = n1 / (n1 + 2 * n2)
    estimates = np.array((0.0, 1 - 2 * share * n2 / n1, 2 - 3 * share * n3 / n2, 3 - 4 * share * n4 / n3))
    clipped: NDArray[np.float64] = np.clip(estimates, (0.0, 0.05, 0.05, 0.05), (0.0, 0.95, 1.9, 2.9))
    return clipped


def _interpolate(order: _Order, grams: Keys, lower: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mix one order's discounted counts with the lower order; an unseen context leaves the lower order as it is."""
    counts = _look_up(order.keys, order.counts, grams)
    contexts = grams >> np.uint64(_BITS_PER_TOKEN)
    totals = _look_up(order.contexts, order.totals, contexts)
    mass = np.where(totals > 0, _look_up(order.contexts, order.backoff_mass, contexts), 1.0)
    kept = (counts - order.discounts[np.minimum(counts, 3)]) / np.maximum(totals, 1)
    mixed: NDArray[np.float64] = kept + mass * lower
    return mixed


def _look_up(keys: Keys, values: NDArray[_Number], wanted: Keys) -> NDArray[_Number]:
    """Find the values of sorted keys, 0 where a key is absent."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found: NDArray[_Number] = np.where(keys[places] == wanted, values[places], 0)
    return found
