"""Bundles: examples that must not be parted, as numbers of connected components."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from brewslm.stages.prepare.placing.splits import OUT, TRAIN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Codes = NDArray[np.uint8]
    Numbers = NDArray[np.int64]
    Links = tuple[Numbers, Numbers]

MAX_MOVED_SHARE = 0.5
"""Chains of near pairs may take at most this share of train out of it; the longest are left where they are."""


def equal_links(values: "NDArray[np.uint64]") -> "Links":
    """Link each example with the next one of the same value."""
    import numpy as np

    order = np.argsort(values, kind="stable")
    ordered = values[order]
    same = ordered[1:] == ordered[:-1]
    return order[:-1][same], order[1:][same]


def components(count: int, links: Sequence["Links"]) -> "Numbers":
    """Number each example with the first of those that it is linked with, directly or through others.

    Each round hooks the higher root to the lower one and then makes all paths short (Shiloach and Vishkin 1982).
    """
    import numpy as np

    left = np.concatenate([np.empty(0, dtype=np.int64), *(one for one, _ in links)])
    right = np.concatenate([np.empty(0, dtype=np.int64), *(other for _, other in links)])
    root = np.arange(count)
    while True:
        one, other = root[left], root[right]
        apart = one != other
        if not apart.any():
            return root
        left, right, one, other = left[apart], right[apart], one[apart], other[apart]
        np.minimum.at(root, np.maximum(one, other), np.minimum(one, other))
        while True:
            shorter = root[root]
            if (shorter == root).all():
                break
            root = shorter


def bundle(planned: "Codes", sure: Sequence["Links"], near: "Links") -> "tuple[Numbers, int]":
    """Bundle by sure links, and by near ones unless their chains would take more than half of train away.

    Returns:
        The number of each example's bundle, and how many examples are in chains that were not moved.
    """
    import numpy as np

    count = len(planned)
    strict = components(count, sure)
    if not len(near[0]):
        return strict, 0
    loose = components(count, [*sure, near])
    lost = (_protected(strict, planned) == TRAIN) & (_protected(loose, planned) < TRAIN)
    num_lost = np.bincount(loose[lost], minlength=count)
    chains = np.flatnonzero(num_lost)
    chains = chains[np.argsort(num_lost[chains], kind="stable")]
    allowed = MAX_MOVED_SHARE * int((planned == TRAIN).sum())
    too_long = chains[np.cumsum(num_lost[chains]) > allowed]
    if not len(too_long):
        return loose, 0
    is_kept = np.isin(loose, too_long)
    return np.where(is_kept, strict, loose), int(is_kept.sum())


def _protected(bundles: "Numbers", planned: "Codes") -> "Codes":
    """The most protected split of each example's bundle."""
    import numpy as np

    lowest = np.full(len(planned), OUT, dtype=np.uint8)
    np.minimum.at(lowest, bundles, planned)
    return lowest[bundles]
