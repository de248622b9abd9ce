"""Splits: decided by id, stable when rows are added, without leaks, with every label where it is needed."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brewslm.core.artifacts.manifest import SplitShares
from brewslm.stages.prepare.splits import SPLITS, Asked, assign, position_of, split_at

SHARES = SplitShares()


def asked(number: int, *, label: str | None = None, key: int | None = None) -> Asked:
    return Asked(id=f"{number:016x}", key=str(number if key is None else key).encode(), label=label)


def test_shares_hold_in_expectation() -> None:
    counts = Counter(assign([asked(n) for n in range(10_000)], shares=SHARES, seed=42).splits)
    assert abs(counts["train"] - 8000) < 200
    assert abs(counts["eval"] - 1000) < 150
    assert abs(counts["test"] - 1000) < 150


def test_the_seed_decides() -> None:
    examples = [asked(n) for n in range(200)]
    assert assign(examples, shares=SHARES, seed=1) == assign(examples, shares=SHARES, seed=1)
    assert assign(examples, shares=SHARES, seed=1) != assign(examples, shares=SHARES, seed=2)


def test_positions_are_fixed_for_ever() -> None:
    assert position_of("0123456789abcdef", 42) == pytest.approx(0.39214183571215283, abs=0.0)
    assert [split_at(at, SHARES) for at in (0.0, 0.0999, 0.1, 0.1999, 0.2, 0.9999)] == [
        "test",
        "test",
        "eval",
        "eval",
        "train",
        "train",
    ]


@given(st.integers(20, 200), st.integers(1, 200), st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_adding_rows_does_not_move_old_ones(before: int, added: int, seed: int) -> None:
    first = [asked(n) for n in range(before)]
    old = assign(first, shares=SHARES, seed=seed).splits
    new = assign([*first, *(asked(n) for n in range(1000, 1000 + added))], shares=SHARES, seed=seed).splits
    by_hash = [split_at(position_of(example.id, seed), SHARES) for example in first]
    moved = [n for n in range(before) if old[n] != new[n]]
    assert all(old[n] != by_hash[n] for n in moved), "only what a rule had moved may go back to where its hash is"
    if set(by_hash) == set(SPLITS):
        assert moved == []


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6)), min_size=1, max_size=120), st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_no_text_is_in_two_splits_and_no_split_or_label_is_forgotten(pairs: list[tuple[int, int]], seed: int) -> None:
    examples = [asked(n, label=str(label), key=key) for n, (key, label) in enumerate(pairs)]
    assignment = assign(examples, shares=SHARES, seed=seed)
    split_of = {example.key: split for example, split in zip(examples, assignment.splits, strict=True)}
    assert all(split_of[example.key] == split for example, split in zip(examples, assignment.splits, strict=True))
    labels = {example.label for example in examples}
    assert assignment.is_stratified is (len(labels) >= 2)
    for label in labels:
        keys = {example.key for example in examples if example.label == label}
        if len(keys) > 1:
            assert "train" in {split_of[key] for key in keys}


def test_no_split_is_empty_where_three_examples_are() -> None:
    for seed in range(50):
        assert set(assign([asked(n) for n in range(3)], shares=SHARES, seed=seed).splits) == set(SPLITS)


def test_with_few_labels_each_label_is_in_each_split() -> None:
    examples = [asked(n, label=str(n % 20)) for n in range(120)]
    for seed in range(20):
        assignment = assign(examples, shares=SHARES, seed=seed)
        seen = {(example.label, split) for example, split in zip(examples, assignment.splits, strict=True)}
        assert len(seen) == 60
        assert assignment.is_stratified


def test_with_many_labels_each_label_is_in_train() -> None:
    examples = [asked(n, label=str(n % 80)) for n in range(160)]
    for seed in range(20):
        assignment = assign(examples, shares=SHARES, seed=seed)
        trained = {
            example.label for example, split in zip(examples, assignment.splits, strict=True) if split == "train"
        }
        assert len(trained) == 80
        assert not assignment.is_stratified


def test_leaks_are_moved_out_of_train_and_counted() -> None:
    singles = [asked(n) for n in range(1000)]
    splits = assign(singles, shares=SHARES, seed=42).splits
    test, evaluated = splits.index("test"), splits.index("eval")
    trained = [n for n in range(1000) if splits[n] == "train"][:3]
    keys = {trained[0]: test, trained[1]: evaluated, evaluated: evaluated, test: test}
    examples = [asked(n, key=keys.get(n, n)) for n in range(1000)]
    assignment = assign(examples, shares=SHARES, seed=42)
    assert assignment.num_moved_for_leaks == 2
    assert assignment.splits[trained[0]] == "test"
    assert assignment.splits[trained[1]] == "eval"
    assert assignment.splits[trained[2]] == "train"
