"""The leak report: what is asked in two splits, or in a split and in a golden set, exactly or nearly."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from brewslm.core.artifacts.manifest import LeakKind, LeakTally
from brewslm.core.overlap.near import NearTexts
from brewslm.stages.prepare.placing.splits import CODES, OUT, TRAIN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Codes = NDArray[np.uint8]
    Numbers = NDArray[np.int64]

MAX_LISTED = 10_000
"""Pairs of a kind that `leaks.parquet` lists; all are counted."""
_EXCERPT = 160


@dataclass(frozen=True, slots=True)
class Leak:
    """A pair that asks the same in two splits, or in a split and in a golden set. The first is the less protected."""

    kind: LeakKind
    similarity: float
    """Jaccard index of the sets of words; 1 where the texts are equal after normalising."""
    id: str
    split: str
    """As planned, before leaks were taken out."""
    other_id: str
    other_split: str
    """A split, or `golden` and the name of a golden set."""
    excerpt: str
    other_excerpt: str
    source_row: int
    action: str
    """What became of the first: `moved to test`, `left out`, or `kept`."""


@dataclass(frozen=True, slots=True)
class GoldenTexts:
    """A golden set as the search sees it."""

    name: str
    code: int
    """The split that its overlaps belong to: test, or eval for one of purpose dev."""
    ids: tuple[str, ...]
    texts: tuple[str, ...]
    keys: "NDArray[np.uint64]"
    is_of_split: bool
    """Whether it was taken from a split, so that its texts are in the data by intention."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of examples; the arrays have one length."""

    one: "Numbers"
    other: "Numbers"
    similarity: "NDArray[np.float32]"

    @property
    def links(self) -> "tuple[Numbers, Numbers]":
        """As the bundling wants them."""
        return self.one, self.other

    def first(self, count: int) -> Iterator[tuple[int, int, float]]:
        """Yield the first pairs."""
        return zip(
            self.one[:count].tolist(), self.other[:count].tolist(), self.similarity[:count].tolist(), strict=True
        )


@dataclass(frozen=True, slots=True)
class Groups:
    """Examples that ask exactly the same, and for each such group the example of the most protected split."""

    which: "Numbers"
    """The group of each example."""
    first: "Numbers"
    """That one example of each group."""

    def __len__(self) -> int:
        return len(self.first)


def group(texts: "NDArray[np.uint64]", planned: "Codes") -> Groups:
    """Group by text; a group is shown by its example of the most protected split, the first in order among those."""
    import numpy as np

    keys, which = np.unique(texts, return_inverse=True)
    order = np.lexsort((planned, which))
    starts = np.searchsorted(which[order], np.arange(len(keys)))
    return Groups(which, order[starts])


def find_near(
    texts: Iterator[str], goldens: Sequence[GoldenTexts], groups: Groups, planned: "Codes", near: NearTexts
) -> Pairs:
    """Find near pairs among the groups' examples, and between them and golden sets.

    Args:
        texts: of all examples, in order; read once.
        goldens: the golden sets; their texts are numbered from the number of examples on.
        groups: of equal texts.
        planned: the split of each example.
        near: an empty search.
    """
    import numpy as np

    is_first = np.zeros(len(planned), dtype=bool)
    is_first[groups.first] = True
    rank: list[int] | array[int] = array("b")
    numbers = array("q")
    for number, text in enumerate(texts):
        if is_first[number]:
            near.add(text)
            rank.append(1 + int(planned[number]))
            numbers.append(number)
    number = len(planned)
    for golden in goldens:
        for text in golden.texts:
            near.add(text)
            rank.append(0)
            numbers.append(number)
            number += 1
    one, other, index = array("q"), array("q"), array("f")
    for left, right, found in near.pairs(rank):
        if numbers[right] >= len(planned):
            continue  # two golden texts
        one.append(numbers[left])
        other.append(numbers[right])
        index.append(found)
    return Pairs(
        np.frombuffer(one, dtype=np.int64),
        np.frombuffer(other, dtype=np.int64),
        np.frombuffer(index, dtype=np.float32),
    )


def find_exact(groups: Groups, planned: "Codes") -> Pairs:
    """Pair each example with the one of the most protected split that asks the same, where that is another split."""
    import numpy as np

    firsts = groups.first[groups.which]
    numbers = np.flatnonzero(planned > planned[firsts])
    return Pairs(firsts[numbers], numbers, np.ones(len(numbers), dtype=np.float32))


def find_golden(goldens: Sequence[GoldenTexts], texts: "NDArray[np.uint64]", num_examples: int) -> Pairs:
    """Pair the texts of golden sets with all examples that ask exactly the same."""
    import numpy as np

    keys = np.concatenate([np.empty(0, dtype=np.uint64), *(golden.keys for golden in goldens)])
    order = np.argsort(texts, kind="stable")
    begins, ends = (np.searchsorted(texts[order], keys, side=side) for side in ("left", "right"))
    counts = ends - begins
    one = np.repeat(np.arange(len(keys)) + num_examples, counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    other = order[np.repeat(begins, counts) + within]
    return Pairs(one, other, np.ones(len(one), dtype=np.float32))


def across(pairs: Pairs, codes: "Codes") -> Pairs:
    """Keep the pairs of two different splits, or of train and a golden set, the more protected first.

    `codes` holds golden texts, too, with numbers below 0.
    """
    import numpy as np

    is_turned = codes[pairs.one] > codes[pairs.other]
    one = np.where(is_turned, pairs.other, pairs.one)
    other = np.where(is_turned, pairs.one, pairs.other)
    # What is held back in two ways, in eval or test and in a golden set, is no leak.
    is_across = (codes[one] != codes[other]) & ((codes[one] >= 0) | (codes[other] == TRAIN))
    return Pairs(one[is_across], other[is_across], pairs.similarity[is_across])


def leave_out(splits: "Codes", groups: Groups, near: Pairs) -> "Codes":
    """Take out what asks the same, or nearly, as an example of a more protected split."""
    import numpy as np

    lowest = splits[groups.first].copy()
    is_inside = (near.one < len(splits)) & (near.other < len(splits))
    one, other = groups.which[near.one[is_inside]], groups.which[near.other[is_inside]]
    reached = lowest.copy()
    np.minimum.at(reached, one, lowest[other])
    np.minimum.at(reached, other, lowest[one])
    return np.where(splits > reached[groups.which], OUT, splits).astype(np.uint8)


def leave_out_golden(splits: "Codes", groups: Groups, pairs: Sequence[Pairs]) -> "Codes":
    """Take out of train what asks the same, or nearly, as a golden text: it is never trained on."""
    import numpy as np

    is_golden = np.zeros(len(groups), dtype=bool)
    for pair in pairs:
        is_golden[groups.which[pair.other[pair.one >= len(splits)]]] = True
    return np.where(is_golden[groups.which] & (splits == TRAIN), OUT, splits).astype(np.uint8)


def tally(kind: LeakKind, pairs: Pairs, names: Sequence[str], codes: "Codes") -> tuple[LeakTally, ...]:
    """Count pairs by the two places that they lie in.

    Args:
        kind: of the pairs.
        pairs: across two places.
        names: of the places; their codes are the positions.
        codes: of examples and golden texts.
    """
    import numpy as np

    both = np.stack([codes[pairs.one], codes[pairs.other]]) if len(pairs.one) else np.empty((2, 0), dtype=np.uint8)
    kinds = np.unique(both, axis=1).T
    found = []
    for protected, other in kinds.tolist():
        mine = (both[0] == protected) & (both[1] == other)
        found.append(
            LeakTally(
                kind=kind,
                split=names[other],
                against=names[protected],
                num_pairs=int(mine.sum()),
                num_examples=len(np.unique(pairs.other[mine])),
            )
        )
    return tuple(found)


def action(final: int, planned: int) -> str:
    """Say what became of an example."""
    if final == OUT:
        return "left out"
    return "kept" if final == planned else f"moved to {CODES[final]}"


def excerpt(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text[: 4 * _EXCERPT].split())
    return line if len(line) <= _EXCERPT else line[: _EXCERPT - 1] + "…"
