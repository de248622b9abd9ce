"""An index that compares each with each: exact, and slow."""

from collections.abc import Collection, Iterator, Sequence
from itertools import combinations

from brewslm.core.similarity import jaccard


class ExactSimilarity:
    """Implements `Similarity`."""

    def index(self, threshold: float) -> "ExactIndex":
        return ExactIndex(threshold)


class ExactIndex:
    """Implements `NearIndex`: every pair at or over the threshold has a bucket of its own."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._sets: list[frozenset[int]] = []

    def add(self, sets: Sequence[Collection[int]]) -> None:
        self._sets += map(frozenset, sets)

    def shared(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        buckets: dict[int, list[int]] = {}
        numbered = combinations(enumerate(self._sets), 2)
        for bucket, ((one, left), (other, right)) in enumerate(numbered):
            if jaccard(left, right) >= self._threshold:
                buckets.setdefault(one, []).append(bucket)
                buckets.setdefault(other, []).append(bucket)
        yield from ((number, tuple(shared)) for number, shared in sorted(buckets.items()))
