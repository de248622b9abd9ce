"""What an index of similar sets promises: pairs over the threshold share a bucket, wherever they stand."""

import random
import tracemalloc
from collections.abc import Iterable
from itertools import combinations

import pytest

from brewslm.adapters.text import similarity as adapter
from brewslm.adapters.text.similarity import MinHashSimilarity, rows_per_band
from brewslm.core.ports.similarity import NearIndex, Similarity
from brewslm.core.similarity import jaccard
from tests.fakes.similarity import ExactSimilarity


@pytest.fixture(params=[MinHashSimilarity, ExactSimilarity])
def similarity(request: pytest.FixtureRequest) -> Similarity:
    made: Similarity = request.param()
    return made


def pairs_in(index: NearIndex) -> set[tuple[int, int]]:
    members: dict[int, list[int]] = {}
    for number, buckets in index.shared():
        for bucket in buckets:
            members.setdefault(bucket, []).append(number)
    return {pair for numbers in members.values() for pair in combinations(numbers, 2)}


def pair_at(threshold: float, size: int, draw: random.Random) -> tuple[frozenset[int], frozenset[int]]:
    """Two sets whose Jaccard index is just at or over the threshold."""
    members = draw.sample(range(2**32), 2 * size)
    differing = 0
    while (size - differing - 1) / (size + differing + 1) >= threshold:
        differing += 1
    shared = members[: size - differing]
    left = frozenset(shared + members[size : size + differing])
    right = frozenset(shared + members[size + differing : size + 2 * differing])
    assert jaccard(left, right) >= threshold
    return left, right


def index_of(similarity: Similarity, threshold: float, sets: Iterable[frozenset[int]]) -> NearIndex:
    index = similarity.index(threshold)
    for one in sets:
        index.add([one])
    return index


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.85, 0.9, 1.0])
def test_pairs_at_the_threshold_share_a_bucket(similarity: Similarity, threshold: float) -> None:
    draw = random.Random(7)
    pairs = [pair_at(threshold, 60, draw) for _ in range(60)]
    index = index_of(similarity, threshold, [one for pair in pairs for one in pair])
    found = pairs_in(index)
    num_found = sum((2 * number, 2 * number + 1) in found for number in range(len(pairs)))
    assert num_found >= 58


def test_sets_without_company_are_not_named(similarity: Similarity) -> None:
    draw = random.Random(8)
    sets = [frozenset(draw.sample(range(2**32), 40)) for _ in range(80)]
    index = index_of(similarity, 0.85, [*sets, sets[3]])
    assert pairs_in(index) == {(3, 80)}
    assert [number for number, _ in index.shared()] == [3, 80]


def test_an_index_may_be_empty_and_hold_empty_sets(similarity: Similarity) -> None:
    assert list(similarity.index(0.9).shared()) == []
    index = similarity.index(0.9)
    index.add([])
    index.add([frozenset(), frozenset({1, 2, 3}), frozenset()])
    assert pairs_in(index) == {(0, 2)}


def test_buckets_reach_over_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "BLOCK", 4)
    index = MinHashSimilarity().index(0.85)
    sets = [frozenset(range(10 * number, 10 * number + 10)) for number in range(7)]
    index.add([*sets, *sets])
    assert pairs_in(index) == {(number, number + 7) for number in range(7)}


@pytest.mark.parametrize(("threshold", "rows"), [(0.85, 8), (0.9, 10), (0.5, 3), (1.0, 128)])
def test_bands_are_as_wide_as_the_threshold_allows(threshold: float, rows: int) -> None:
    assert rows_per_band(threshold) == rows


def test_a_set_takes_four_bytes_for_each_band(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "BLOCK", 2000)
    index = MinHashSimilarity().index(0.85)
    num_sets = 10_000
    tracemalloc.start()
    for begin in range(0, num_sets, 1000):
        index.add([frozenset((number, number + 1)) for number in range(begin, begin + 1000)])
    list(index.shared())
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / num_sets < 70
