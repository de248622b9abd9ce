"""Which split an example belongs to: decided by a hash of its id, so that adding rows does not move old ones.

Three rules come on top of the hash, each for whole *bundles*: examples that must not be parted, because they ask the
same or nearly the same, or belong to one group.

1. A bundle is in the most protected split that the hash gives one of its examples (test, then eval, then train). So
   nothing that is evaluated on was trained on.
2. No split is empty where there are three bundles or more. With 2 to 50 labels the same holds for each label
   (stratified: the hash gives each label the shares in expectation, and the rule fills what chance left empty).
3. With any number of labels, one that has two bundles or more is in train.

Where a rule has to fill a split, it moves the bundle whose hash is nearest to that split's range. So a row that was
added can only move one that a rule had moved, never one that the hash placed.

Splits by time and the source's own splits take the place of the hash; then rules 2 and 3 do not apply.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from brewslm.core.artifacts.manifest import SplitName, SplitShares
from brewslm.core.errors import InvalidRequestError
from brewslm.core.events.reasons import Reason
from brewslm.stages.prepare.placing.facts import Facts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Codes = NDArray[np.uint8]
    Numbers = NDArray[np.int64]

SPLITS: tuple[SplitName, ...] = ("train", "eval", "test")
CODES: tuple[SplitName, ...] = ("test", "eval", "train")
"""A split's code is its place here: the lower, the more protected."""
TEST, EVAL, TRAIN, OUT = range(4)
MAX_STRATA = 50


@dataclass(frozen=True, slots=True)
class Assignment:
    """The split of every example, in the order of the dataset."""

    splits: "Codes"
    num_moved_for_leaks: int
    """Examples that rule 1 took from the split that they were planned for."""
    is_stratified: bool


def plan_by_hash(facts: Facts, shares: SplitShares) -> "Codes":
    """Test lies at the beginning of the range, then eval, then train."""
    import numpy as np

    edges = [shares.test, shares.test + shares.eval]
    return np.searchsorted(edges, facts.positions, side="right").astype(np.uint8)


def plan_by_time(facts: Facts, shares: SplitShares, time_by: str) -> "Codes":
    """The newest are test, those before them eval; examples of one time stay together. Facts must hold times.

    Raises:
        InvalidRequestError: there are fewer than three different times.
    """
    import numpy as np

    times = facts.positions if facts.times is None else facts.times
    moments, which, counts = np.unique(times, return_inverse=True, return_counts=True)
    if len(moments) < len(SPLITS):
        message = f"{time_by!r} has {len(moments)} different times, and three splits need three. Name another time_by."
        raise InvalidRequestError(message, reason=Reason.PREPARATION_EMPTY_SPLIT)
    newer = np.cumsum(counts[::-1])[::-1] - counts
    total = len(facts)
    codes = np.full(len(moments), TRAIN, dtype=np.uint8)
    codes[newer < (shares.test + shares.eval) * total] = EVAL
    codes[newer < shares.test * total] = TEST
    codes[-1] = TEST
    # Large ties may swallow a neighbour; each split keeps at least one time.
    first_test = min(int(np.argmax(codes == TEST)), len(moments) - 1)
    first_test = max(first_test, 2)
    codes[first_test:] = TEST
    codes[:first_test] = np.where(codes[:first_test] == TEST, EVAL, codes[:first_test])
    codes[first_test - 1] = EVAL
    codes[0] = TRAIN
    return codes[which]


def assign(
    planned: "Codes",
    facts: Facts,
    shares: SplitShares,
    *,
    bundles: "Numbers",
    anchors: "Codes | None" = None,
    should_fill: bool = True,
) -> Assignment:
    """Give every example its split.

    Args:
        planned: the split that hash, time or source give each example.
        facts: the arrays.
        shares: of the splits.
        bundles: a number for each example, the same for those that must not be parted.
        anchors: for each example the split that a golden set holds its bundle in, else `OUT`; rules 2 and 3 leave such
            bundles alone.
        should_fill: whether rules 2 and 3 apply.
    """
    import numpy as np

    _, which = np.unique(bundles, return_inverse=True)
    num_bundles = int(which.max()) + 1 if len(which) else 0
    placed = np.full(num_bundles, OUT, dtype=np.uint8)
    np.minimum.at(placed, which, planned)
    is_free = np.ones(num_bundles, dtype=bool)
    if anchors is not None:
        np.minimum.at(placed, which, anchors)
        is_free[which[anchors != OUT]] = False
    num_moved = int((placed[which] != planned).sum())
    strata = _Strata(facts, which)
    is_stratified = should_fill and 2 <= strata.num_labels <= MAX_STRATA
    if should_fill:
        nearest = np.full(num_bundles, 2.0)
        np.minimum.at(nearest, which, facts.positions)
        if is_stratified:
            for members in strata:
                _fill(members[is_free[members]], placed, nearest, shares)
        _fill(np.flatnonzero(is_free), placed, nearest, shares)
        for members in strata.without_train(placed):
            free = members[is_free[members]]
            if len(free):
                placed[free[np.argmax(nearest[free])]] = TRAIN
    return Assignment(placed[which], num_moved, is_stratified)


class _Strata:
    """Which bundles have an example of which label."""

    def __init__(self, facts: Facts, which: "Numbers") -> None:
        import numpy as np

        labelled = facts.labels >= 0
        pairs = np.unique(np.stack([facts.labels[labelled].astype(np.int64), which[labelled]]), axis=1)
        self._labels, self._bundles = pairs
        self._starts = np.flatnonzero(np.diff(self._labels, prepend=-1)) if pairs.size else np.empty(0, dtype=np.int64)

    @property
    def num_labels(self) -> int:
        return len(self._starts)

    def __iter__(self) -> "Iterator[Numbers]":
        import numpy as np

        yield from np.split(self._bundles, self._starts[1:])

    def without_train(self, placed: "Codes") -> "Iterator[Numbers]":
        """Yield the bundles of each label that has two or more, none of them in train."""
        import numpy as np

        if not len(self._starts):
            return
        highest = np.maximum.reduceat(placed[self._bundles], self._starts)
        sizes = np.diff(self._starts, append=len(self._bundles))
        for label in np.flatnonzero((highest < TRAIN) & (sizes > 1)):
            start = self._starts[label]
            members = self._bundles[start : start + sizes[label]]
            if (placed[members] < TRAIN).all():
                yield members


def _fill(members: "Numbers", placed: "Codes", nearest: "NDArray[np.float64]", shares: SplitShares) -> None:
    """Give each split a bundle: the nearest one of a split that has two or more."""
    import numpy as np

    if len(members) < len(SPLITS):
        return
    centres = {TEST: shares.test / 2, EVAL: shares.test + shares.eval / 2, TRAIN: 1 - shares.train / 2}
    for code, centre in centres.items():
        counts = np.bincount(placed[members], minlength=OUT)
        if counts[code]:
            continue
        spare = members[counts[placed[members]] > 1]
        placed[spare[np.argmin(np.abs(nearest[spare] - centre))]] = code
