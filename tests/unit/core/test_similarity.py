"""Likeness of texts: spellings do not matter, parts do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brewslm.core.similarity import jaccard, likeness, normalised, shingles_of, union_of, words_of

SHINGLES = st.frozensets(st.integers(0, 40), max_size=12)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Straße, STRASSE!", ["strasse", "strasse"]),
        ("don't_stop 3.5", ["don", "t", "stop", "3", "5"]),
        ("我爱abc中文", ["我", "爱", "abc", "中", "文"]),
        ("สวัสดี", list("สวัสดี")),
        ("?! …", ["?!", "..."]),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_spellings_are_normalised() -> None:
    assert normalised("\uff21\uff22\u00a0\tﬁ  e\u0301") == "ab fi é"
    assert shingles_of("Hello, World") == shingles_of("hello   world!")


def test_order_matters_from_two_words_on() -> None:
    assert shingles_of("a b c") == shingles_of("c b a")
    assert jaccard(shingles_of("a b c", 2), shingles_of("c b a", 2)) == pytest.approx(3 / 7)


def test_the_numbers_are_the_same_in_every_process() -> None:
    assert shingles_of("Brew") == frozenset({0x31F527D7})


@given(SHINGLES, SHINGLES)
def test_jaccard_is_a_share_and_symmetric(one: frozenset[int], other: frozenset[int]) -> None:
    assert 0 <= jaccard(one, other) == jaccard(other, one) <= 1
    assert (jaccard(one, other) == 1) == (one == other)


def test_examples_are_as_alike_as_their_least_alike_part() -> None:
    asked, answered, other = shingles_of("a b c d"), shingles_of("yes"), shingles_of("no")
    assert likeness([asked, answered], [asked, answered]) == 1
    assert likeness([asked, answered], [asked, other]) == 0
    assert likeness([asked], [asked, answered]) == 0


@given(st.lists(st.tuples(SHINGLES, SHINGLES), min_size=1, max_size=3))
def test_the_union_of_parts_is_at_least_as_alike(pairs: list[tuple[frozenset[int], frozenset[int]]]) -> None:
    left, right = zip(*pairs, strict=True)
    assert jaccard(union_of(left), union_of(right)) >= likeness(left, right) - 1e-9
