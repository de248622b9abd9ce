"""Which split an example belongs to: decided by a hash of its id, so that adding rows does not move old ones.

Three rules come on top of the hash, each for whole groups of examples that ask the same:

1. Examples with the same user text stay together, in the most protected split that the hash gives one of them (test,
   then eval, then train). So nothing that is evaluated on was trained on.
2. No split is empty where there are three groups or more. With 2 to 50 labels the same holds for each label
   (stratified: the hash gives each label the shares in expectation, and the rule fills what chance left empty).
3. With any number of labels, one that has two groups or more is in train.

Where a rule has to fill a split, it moves the group whose hash is nearest to that split's range. So a row that was
added can only move one that a rule had moved, never one that the hash placed.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from brewslm.core.artifacts.manifest import SplitName, SplitShares

SPLITS: tuple[SplitName, ...] = ("train", "eval", "test")
MAX_STRATA = 50

_TEST_FIRST: tuple[SplitName, ...] = ("test", "eval", "train")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the splitting has to know of an example."""

    id: str
    key: bytes
    """Digest of the normalised user text."""
    label: str | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """The split of every example, in the order of the dataset."""

    splits: tuple[SplitName, ...]
    num_moved_for_leaks: int
    """Examples that rule 1 took from the split that their hash gave them."""
    is_stratified: bool


def assign(examples: Sequence[Asked], *, shares: SplitShares, seed: int) -> Assignment:
    """Give every example its split."""
    positions = [position_of(example.id, seed) for example in examples]
    by_hash = [split_at(position, shares) for position in positions]
    groups: dict[bytes, list[int]] = defaultdict(list)
    for index, example in enumerate(examples):
        groups[example.key].append(index)
    placed: dict[bytes, SplitName] = {
        key: min((by_hash[index] for index in members), key=_TEST_FIRST.index) for key, members in groups.items()
    }
    num_moved = sum(by_hash[index] != placed[example.key] for index, example in enumerate(examples))
    nearest = {key: min(positions[index] for index in members) for key, members in groups.items()}
    strata = _strata(examples)
    is_stratified = 2 <= len(strata) <= MAX_STRATA
    if is_stratified:
        for label in sorted(strata):
            _fill(strata[label], placed, nearest, shares)
    _fill(list(groups), placed, nearest, shares)
    for label in sorted(strata):
        _fill_train(strata[label], placed, nearest)
    return Assignment(tuple(placed[example.key] for example in examples), num_moved, is_stratified)


def position_of(example_id: str, seed: int) -> float:
    """A number from 0 up to 1 that depends on id and seed only."""
    digest = hashlib.sha256(f"{seed}:{example_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def split_at(position: float, shares: SplitShares) -> SplitName:
    """Test lies at the beginning of the range, then eval, then train."""
    if position < shares.test:
        return "test"
    return "eval" if position < shares.test + shares.eval else "train"


def _strata(examples: Sequence[Asked]) -> dict[str, list[bytes]]:
    strata: dict[str, dict[bytes, None]] = defaultdict(dict)
    for example in examples:
        if example.label is not None:
            strata[example.label][example.key] = None
    return {label: list(keys) for label, keys in strata.items()}


def _fill(keys: list[bytes], placed: dict[bytes, SplitName], nearest: dict[bytes, float], shares: SplitShares) -> None:
    """Give each split a group, the nearest one of a split that has two or more."""
    if len(keys) < len(SPLITS):
        return
    centres = {"test": shares.test / 2, "eval": shares.test + shares.eval / 2, "train": 1 - shares.train / 2}
    for split in _TEST_FIRST:
        if any(placed[key] == split for key in keys):
            continue
        spare = [key for key in keys if sum(placed[other] == placed[key] for other in keys) > 1]
        placed[min(spare, key=lambda key: (abs(nearest[key] - centres[split]), key))] = split


def _fill_train(keys: list[bytes], placed: dict[bytes, SplitName], nearest: dict[bytes, float]) -> None:
    if len(keys) > 1 and all(placed[key] != "train" for key in keys):
        placed[max(keys, key=lambda key: (nearest[key], key))] = "train"
