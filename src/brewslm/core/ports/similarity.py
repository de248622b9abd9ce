"""Finding examples that may be alike among millions, without comparing each with each."""

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol


class NearIndex(Protocol):
    """Takes sets one after the other and numbers them from 0; then tells which share a bucket.

    Sets with a Jaccard index at or over the threshold share one with a probability of at least 0.99; sets that share
    one may still differ, so each pair has to be compared (`core/similarity.py`).
    """

    def add(self, sets: Sequence[Collection[int]]) -> None:
        """Take sets of numbers from 0 to 2^32 - 1."""

    def shared(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Yield, in order, each set's number that is not alone in every bucket, with its buckets that others share.

        May be called again; nothing can be added after it.
        """


class Similarity(Protocol):
    """Makes indexes."""

    def index(self, threshold: float) -> NearIndex:
        """Return an empty index for pairs with a Jaccard index of at least `threshold`, which is over 0 and up to 1."""
