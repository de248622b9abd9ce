"""Splits: decided by id, stable when rows are added, without leaks, with every label where it is needed."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brewslm.core.artifacts.manifest import SplitShares
from brewslm.core.errors import InvalidRequestError
from brewslm.stages.prepare.placing import splits as by_code
from brewslm.stages.prepare.placing.bundles import bundle, components, equal_links
from brewslm.stages.prepare.placing.facts import Facts, position_of
from brewslm.stages.prepare.placing.splits import CODES, SPLITS, plan_by_hash, plan_by_time

SHARES = SplitShares()


class Asked(NamedTuple):
    id: str
    key: int
    label: str | None


class Assigned(NamedTuple):
    splits: tuple[str, ...]
    num_moved_for_leaks: int
    is_stratified: bool


def asked(number: int, *, label: str | None = None, key: int | None = None) -> Asked:
    return Asked(id=f"{number:016x}", key=number if key is None else key, label=label)


def facts_of(examples: list[Asked], seed: int) -> Facts:
    known: dict[str, int] = {}
    return Facts(
        positions=np.array([position_of(example.id, seed) for example in examples]),
        texts=np.array([example.key for example in examples], dtype=np.uint64),
        labels=np.array(
            [-1 if one.label is None else known.setdefault(one.label, len(known)) for one in examples], dtype=np.int32
        ),
        source_rows=np.arange(len(examples)),
    )


def assign(examples: list[Asked], *, shares: SplitShares, seed: int) -> Assigned:
    facts = facts_of(examples, seed)
    planned = plan_by_hash(facts, shares)
    nothing = np.empty(0, dtype=np.int64)
    bundles, _ = bundle(planned, [equal_links(facts.texts)], (nothing, nothing))
    found = by_code.assign(planned, facts, shares, bundles=bundles)
    return Assigned(tuple(CODES[code] for code in found.splits), found.num_moved_for_leaks, found.is_stratified)


def split_at(position: float, shares: SplitShares) -> str:
    nothing = np.empty(0)
    return CODES[plan_by_hash(Facts(np.array([position]), nothing, nothing, nothing), shares)[0]]


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


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=80))
def test_components_join_all_that_is_linked_and_nothing_else(links: list[tuple[int, int]]) -> None:
    left = np.array([one for one, _ in links], dtype=np.int64)
    right = np.array([other for _, other in links], dtype=np.int64)
    found = components(41, [(left, right)])
    groups = [{number} for number in range(41)]
    for one, other in links:
        joined = groups[one] | groups[other]
        for number in joined:
            groups[number] = joined
    assert found.tolist() == [min(group) for group in groups]


def test_chains_that_would_empty_train_stay_and_are_counted() -> None:
    """A thousand texts, each near the next one: moving them together would leave nothing to train on."""
    facts = facts_of([asked(n) for n in range(1000)], 42)
    planned = plan_by_hash(facts, SHARES)
    chain = np.arange(800)
    few = np.array([900, 901])
    near = np.concatenate([chain[:-1], few[:1]]), np.concatenate([chain[1:], few[1:]])
    bundles, num_chained = bundle(planned, [equal_links(facts.texts)], near)
    assert num_chained == 800
    assert bundles[900] == bundles[901]
    assert len(set(bundles.tolist())) == 999


def dated(times: list[float]) -> Facts:
    count = len(times)
    return Facts(
        np.zeros(count), np.arange(count, dtype=np.uint64), np.full(count, -1), np.arange(count), times=np.array(times)
    )


@given(st.lists(st.integers(0, 30), min_size=3, max_size=200).filter(lambda times: len(set(times)) >= 3))
def test_by_time_the_newest_are_tested_and_ties_stay_together(times: list[int]) -> None:
    codes = plan_by_time(dated([float(time) for time in times]), SHARES, "date")
    assert {CODES[code] for code in codes} == set(SPLITS)
    split_of = dict(zip(times, codes.tolist(), strict=True))
    assert [split_of[time] for time in times] == codes.tolist(), "examples of one time are together"
    ordered = [split_of[time] for time in sorted(split_of, reverse=True)]
    assert ordered == sorted(ordered), "test is newer than eval, which is newer than train"


def test_by_time_the_shares_hold() -> None:
    counts = Counter(CODES[code] for code in plan_by_time(dated([float(n) for n in range(1000)]), SHARES, "date"))
    assert counts == {"train": 800, "eval": 100, "test": 100}


def test_two_times_are_too_few() -> None:
    with pytest.raises(InvalidRequestError, match="'date' has 2 different times"):
        plan_by_time(dated([1.0, 2.0, 2.0, 1.0]), SHARES, "date")
