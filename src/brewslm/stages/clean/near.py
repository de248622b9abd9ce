"""Near duplicates: an example goes where an earlier one that stays asks and answers almost the same.

The first in the order of the dataset stays. Each example that goes is within the threshold of the one that stays, which
chains of pairs (a like b, b like c) would not promise.

Memory: 64 bytes an example in the index (at a threshold of 0.85), and for each that stays and shares a bucket with
others its different shingles at 4 bytes and some 400 bytes beside. A bucket remembers its newest four; a pair at the
threshold shares several buckets.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from brewslm.core.artifacts.cleaning import NearDuplicateRule
from brewslm.core.data.example import Example
from brewslm.core.ports.similarity import NearIndex, Similarity
from brewslm.core.similarity import Shingles, likeness, shingles_of, union_of
from brewslm.stages.clean.account import excerpt
from brewslm.stages.clean.texts import parts_of, text_of

PER_BUCKET = 4


@dataclass(frozen=True, slots=True)
class Near:
    """What is known of an example that has company."""

    kept: "Kept"
    likeness: float
    is_kept: bool
    """Whether it is itself the one that stays."""


@dataclass(slots=True)
class Kept:
    """An example that stays, with the shingles of its parts."""

    id: str
    source_row: int
    label: str | None
    excerpt: str
    parts: tuple[bytes, ...]
    cluster: int | None = None
    """The number of its group, once another example was found to be like it."""


@dataclass(slots=True)
class NearDuplicates:
    """Takes all examples first (`add`), then tells of each in the same order (`judge`)."""

    rule: NearDuplicateRule
    similarity: Similarity
    _index: NearIndex = field(init=False)
    _company: Iterator[tuple[int, tuple[int, ...]]] | None = None
    _next: tuple[int, tuple[int, ...]] | None = None
    _buckets: dict[int, "array[int]"] = field(default_factory=dict)
    _kept: dict[int, Kept] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._index = self.similarity.index(self.rule.threshold)

    def add(self, examples: list[Example]) -> None:
        """Take examples in the order of the dataset."""
        self._index.add([union_of(self._parts(example)) for example in examples])

    def judge(self, place: int, example: Example) -> Near | None:
        """Tell which earlier one the example at `place` (from 0, ascending) is like; None for one without company."""
        if self._company is None:
            self._company = self._index.shared()
            self._next = next(self._company, None)
        while self._next is not None and self._next[0] < place:
            self._next = next(self._company, None)
        if self._next is None or self._next[0] != place:
            return None
        buckets = self._next[1]
        self._next = next(self._company, None)
        return self._led(place, example, buckets)

    def _led(self, place: int, example: Example, buckets: tuple[int, ...]) -> Near:
        parts = self._parts(example)
        candidates = sorted({kept for bucket in buckets for kept in self._buckets.get(bucket, ())})
        best: Kept | None = None
        likest = self.rule.threshold
        for candidate in candidates:
            kept = self._kept[candidate]
            if kept.label == example.label:
                alike = likeness(parts, [_unpacked(part) for part in kept.parts])
                if alike > likest or (best is None and alike == likest):
                    best, likest = kept, alike
        if best is not None:
            return Near(best, likest, is_kept=False)
        return Near(self._keep(place, example, parts, buckets), 1.0, is_kept=True)

    def _keep(self, place: int, example: Example, parts: list[Shingles], buckets: tuple[int, ...]) -> Kept:
        packed = tuple(array("I", part).tobytes() for part in parts)
        kept = Kept(example.id, example.source_row, example.label, excerpt(text_of(example)), packed)
        self._kept[place] = kept
        for bucket in buckets:
            newest = self._buckets.setdefault(bucket, array("Q"))
            newest.append(place)
            if len(newest) > PER_BUCKET:
                del newest[0]
        return kept

    def _parts(self, example: Example) -> list[Shingles]:
        return [shingles_of(part, self.rule.shingle_words) for part in parts_of(example)]


def _unpacked(part: bytes) -> Shingles:
    numbers = array("I")
    numbers.frombytes(part)
    return frozenset(numbers)
