"""How the splits differ from train: in length, in labels, and in words."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from brewslm.core.artifacts.manifest import Drift
from brewslm.stages.prepare.placing.facts import Facts
from brewslm.stages.prepare.placing.splits import CODES
from brewslm.stages.prepare.shards import ShardWriter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEAST = 0.1
"""Differences below are not worth a look, however sure they are."""
LEAST_UNSEEN = 0.02
"""Of a split's tokens, the share that train never has."""
_SURE = 1.95
"""Kolmogorov-Smirnov: c(0.001) of the two-sample test (Smirnov 1948)."""
_SPREADS = 3.3
"""How many standard deviations chance may make of a share; 0.001 of both sides."""


def drifts_of(writers: Sequence[ShardWriter], facts: Facts, codes: "NDArray[np.uint8]") -> tuple[Drift, ...]:
    """Compare eval and test with train. A split of fewer than 2 examples is not compared."""
    train = next(writer for writer in writers if writer.name == "train")
    found = []
    for writer in writers:
        if writer is train or min(len(writer.files.lengths), len(train.files.lengths)) < 2:
            continue
        sizes = len(train.files.lengths), len(writer.files.lengths)
        noise = math.sqrt(1 / sizes[0] + 1 / sizes[1])
        length = _distance(train.files.lengths, writer.files.lengths)
        found.append(_drift(writer, "length", length, max(LEAST, _SURE * noise)))
        if int(facts.labels.max(initial=-1)) >= 1:
            shares = [_label_shares(facts, codes, CODES.index(one.name)) for one in (train, writer)]
            value = float(abs(shares[0] - shares[1]).sum() / 2)
            found.append(_drift(writer, "labels", value, max(LEAST, _variation_by_chance(shares[0], noise))))
        unseen, total = _unseen(train.files.token_counts, writer.files.token_counts)
        spread = math.sqrt(LEAST_UNSEEN / max(total, 1))
        found.append(_drift(writer, "vocabulary", unseen / max(total, 1), LEAST_UNSEEN + _SPREADS * spread))
    return tuple(found)


def _variation_by_chance(shares: "NDArray[np.float64]", noise: float) -> float:
    """A total variation distance that chance hardly makes: its mean for equal distributions, and 3.3 deviations.

    Each share differs by about a normal variable of deviation `noise` * sqrt(p(1-p)), whose absolute value has the mean
    sqrt(2/pi) and the variance 1 - 2/pi of it; the distance is half of their sum.
    """
    spreads = (shares * (1 - shares)).clip(0) ** 0.5
    mean = math.sqrt(2 / math.pi) * float(spreads.sum())
    deviation = math.sqrt((1 - 2 / math.pi) * float((spreads**2).sum()))
    # Of two labels the shares differ together, so that their sum has the spread of one alone.
    return noise * max((mean + _SPREADS * deviation) / 2, _SPREADS * float(spreads.max()))


def _drift(writer: ShardWriter, measure: Any, value: float, threshold: float) -> Drift:  # noqa: ANN401 - a literal
    return Drift(split=writer.name, measure=measure, value=round(value, 6), threshold=round(min(threshold, 1.0), 6))


def _distance(one: Sequence[int], other: Sequence[int]) -> float:
    """The Kolmogorov-Smirnov distance: the largest between the two distribution functions."""
    import numpy as np

    left, right = np.sort(np.asarray(one)), np.sort(np.asarray(other))
    places = np.union1d(left, right)
    shares = [np.searchsorted(values, places, side="right") / len(values) for values in (left, right)]
    return float(np.abs(shares[0] - shares[1]).max())


def _label_shares(facts: Facts, codes: "NDArray[np.uint8]", code: int) -> "NDArray[np.float64]":
    import numpy as np

    mine = facts.labels[(codes == code) & (facts.labels >= 0)]
    counts = np.bincount(mine, minlength=int(facts.labels.max()) + 1)
    return counts / max(len(mine), 1)


def _unseen(train: "NDArray[np.int64] | None", other: "NDArray[np.int64] | None") -> tuple[int, int]:
    import numpy as np

    if train is None or other is None:
        return 0, 0
    known = np.pad(train, (0, max(len(other) - len(train), 0)))[: len(other)]
    return int(other[known == 0].sum()), int(other.sum())
