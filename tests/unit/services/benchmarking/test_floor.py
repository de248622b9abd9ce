"""The floor: the arithmetic of the unigram model, and of a benchmark's ranks."""

import math
from pathlib import Path

import numpy as np
import pytest

from brewslm.core.wire import shard
from brewslm.core.wire.result import ModelMeasurement, RowScores
from brewslm.services.benchmarking.floor import unigram_losses
from brewslm.services.benchmarking.identity import model_hash
from brewslm.services.benchmarking.ranking import Measured, Rows, rank


def write(folder: Path, tokens: list[int], mask: list[int], offsets: list[int]) -> Path:
    folder.mkdir()
    np.asarray(tokens, shard.TOKENS_DTYPE).tofile(folder / shard.TOKENS_FILE)
    np.asarray(mask, shard.MASK_DTYPE).tofile(folder / shard.MASK_FILE)
    np.asarray(offsets, shard.OFFSETS_DTYPE).tofile(folder / shard.OFFSETS_FILE)
    return folder


def measured(name: str, losses: list[float], *, labels: tuple[str, ...] = ()) -> Measured:
    seen = ModelMeasurement(
        name=name,
        zero_shot=RowScores(losses=tuple(losses), labels=labels),
        probed=None,
        scored_tokens_per_second=1.0,
        trained_tokens_per_second=None,
        learning_rate=None,
        peak_memory_bytes=1,
    )
    return Measured(seen, "0" * 64, 1, tuple(2.0 for _ in losses))


def test_the_unigram_model_counts_what_is_trained_and_leaves_room_for_what_is_not(tmp_path: Path) -> None:
    train = write(tmp_path / "train", [7, 1, 1, 2, 9], [0, 1, 1, 1, 0], [0, 5])
    asked = write(tmp_path / "eval", [7, 1, 7, 3, 2], [0, 1, 0, 1, 1], [0, 2, 5])
    known, new, other = (2 + 0.2) / 5, 0.2 / 5, (1 + 0.2) / 5
    found = unigram_losses(train, asked, vocab_size=10)
    assert found == pytest.approx((-math.log(known), -math.log(new) - math.log(other)))
    total = sum(
        math.exp(-unigram_losses(train, write(tmp_path / f"t{t}", [0, t], [0, 1], [0, 2]), vocab_size=10)[0])
        for t in range(10)
    )
    assert total == pytest.approx(1.0)


def test_a_row_without_an_advantage_everywhere_cannot_be_told_apart() -> None:
    random = np.random.default_rng(1)
    first = random.normal(10.0, 2.0, 100)
    rows = Rows(bytes=(10,) * 100, labels=(), majority="", seed=1)
    close = (first + random.normal(0.0, 1.0, 100)).tolist()
    far = (first + 3.0).tolist()
    found = rank([measured("far", far), measured("a", first.tolist()), measured("b", close)], rows)
    assert found[-1].name == "far"
    assert [one.standing for one in found] == ["first", "cannot tell", "behind"]


def test_labels_are_set_against_always_naming_the_same_one() -> None:
    truth = ("a", "b") * 50
    rows = Rows(bytes=(5,) * 100, labels=truth, majority="a", seed=1)
    guesses = {"knows": truth, "repeats": ("a",) * 100}
    found = rank([measured(name, [1.0] * 100, labels=labels) for name, labels in guesses.items()], rows)
    checks = {one.name: one.floor for one in found}
    assert (checks["knows"].passed, checks["knows"].value, checks["knows"].floor) == (True, 1.0, 0.5)
    assert not checks["repeats"].passed


def test_a_model_is_named_by_its_commit_or_by_its_files(tmp_path: Path) -> None:
    hub = tmp_path / "snapshots" / ("ab" * 20)
    hub.mkdir(parents=True)
    assert model_hash(hub) == "ab" * 20
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"1")
    before = model_hash(folder)
    (folder / "model.safetensors").write_bytes(b"2")
    assert before != model_hash(folder)
