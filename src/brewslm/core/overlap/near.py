"""Pairs of texts that are nearly the same: the Jaccard index of their sets of words is 0.9 or more.

Candidates come from an index (`core/ports/similarity.py`) and each is compared. The sets wait in a file, so that memory
holds 8 bytes a text beside the index.
"""

import mmap
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from brewslm.core.ports.similarity import Similarity
from brewslm.core.similarity import jaccard, shingles_of

NEAR = 0.9
"""The least Jaccard index of a near pair."""
_INDEXED = 0.85
"""What the index is built for: below `NEAR`, so that a pair at `NEAR` is found with a probability far above 0.99."""
_BATCH = 4096
_COMPARED = 48
"""In a bucket, each text is compared with so many of the first ones."""
_ENOUGH = 8
"""Near pairs after which a text is compared no further in a bucket: it is linked."""

NearPair = tuple[int, int, float]
"""Two numbers of texts, in the order in which `rank` puts them, and their Jaccard index."""


class NearTexts:
    """Takes texts one after the other and numbers them from 0; then tells which are nearly the same."""

    def __init__(self, similarity: Similarity, scratch: Path) -> None:
        """Keep the sets of words in the new file `scratch`."""
        self._index = similarity.index(_INDEXED)
        self._path = scratch
        self._file = scratch.open("wb")
        self._offsets = array("Q", [0])
        self._waiting: list[frozenset[int]] = []

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def add(self, text: str) -> None:
        """Take one more text."""
        words = shingles_of(text) or frozenset((0,))
        array("I", sorted(words)).tofile(self._file)
        self._offsets.append(self._offsets[-1] + len(words))
        self._waiting.append(words)
        if len(self._waiting) >= _BATCH:
            self._hand_over()

    def pairs(self, rank: Sequence[int]) -> Iterator[NearPair]:
        """Yield near pairs, each once. Of many that are all alike, each is paired with some of the lowest rank.

        Args:
            rank: a number for each text; pairs of low ranks are looked for first.
        """
        self._hand_over()
        self._file.close()
        if len(self) < 2:
            return
        buckets: dict[int, list[int]] = defaultdict(list)
        shared: dict[int, frozenset[int]] = {}
        for number, own in self._index.shared():
            shared[number] = frozenset(own)
            for bucket in own:
                buckets[bucket].append(number)
        with (
            self._path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as raw,
            raw.cast("I") as words,
        ):
            for bucket, members in buckets.items():
                members.sort(key=lambda number: (rank[number], number))
                yield from self._compare(bucket, members, shared, words)

    def _compare(
        self, bucket: int, members: list[int], shared: dict[int, frozenset[int]], words: memoryview
    ) -> Iterator[NearPair]:
        sets = [self._set(number, words) for number in members[:_COMPARED]]
        for place, number in enumerate(members):
            if not place:
                continue
            own = sets[place] if place < len(sets) else self._set(number, words)
            found = 0
            for earlier in range(min(place, _COMPARED)):
                other = members[earlier]
                if not _may_be_near(len(own), len(sets[earlier])) or min(shared[number] & shared[other]) != bucket:
                    continue
                index = jaccard(sets[earlier], own)
                if index >= NEAR:
                    yield other, number, index
                    found += 1
                    if found >= _ENOUGH:
                        break

    def _set(self, number: int, words: memoryview) -> frozenset[int]:
        return frozenset(words[self._offsets[number] : self._offsets[number + 1]].tolist())

    def _hand_over(self) -> None:
        self._index.add(self._waiting)
        self._waiting = []


def _may_be_near(one: int, other: int) -> bool:
    return min(one, other) >= NEAR * max(one, other)
