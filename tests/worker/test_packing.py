"""Packing changes nothing but the time it takes."""

from pathlib import Path

import numpy as np
import pytest
import torch

from brewslm.worker import head
from brewslm.worker.failure import BadDataError
from brewslm.worker.models import load_model
from brewslm.worker.packing import budgeted_batches, pack
from brewslm.worker.scoring import example_losses, summed_loss, token_losses
from brewslm.worker.shard import Shard, open_shard
from tests.worker.tiny import VOCAB_SIZE, write_examples, write_split

CPU = torch.device("cpu")


@pytest.fixture
def shard(tmp_path: Path) -> Shard:
    return open_shard(write_split(tmp_path / "split", 9, seed=3), vocab_size=VOCAB_SIZE)


def test_another_example_in_the_row_changes_nothing(base: Path, shard: Shard) -> None:
    model = load_model(str(base), precision="float32")
    with torch.no_grad():
        alone = token_losses(model, pack(shard, [4], device=CPU))
        behind = token_losses(model, pack(shard, [0, 1, 4], device=CPU))[-len(alone) :]
    torch.testing.assert_close(alone, behind, rtol=1e-5, atol=1e-5)


def test_logits_are_made_of_labels_only_and_a_bounded_number_at_a_time(
    base: Path, shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head, "LOGITS_AT_ONCE", 8 * VOCAB_SIZE)
    model = load_model(str(base), precision="float32").requires_grad_(requires_grad=True)
    made: list[int] = []
    model.lm_head.register_forward_hook(lambda _module, _inputs, logits: made.append(logits.shape[0]))
    summed_loss(model, pack(shard, [0, 1, 2], device=CPU)).backward()
    assert sum(made) == int(shard.num_trained[:3].sum())
    assert max(made) == 8


def test_loss_of_each_example_keeps_the_order_of_the_split(base: Path, shard: Shard) -> None:
    model = load_model(str(base), precision="float32")
    shares: list[float] = []
    losses = example_losses(model, shard, on_batch=shares.append)
    with torch.no_grad():
        expected = [token_losses(model, pack(shard, [index], device=CPU)).sum() for index in range(len(shard))]
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    assert shares[-1] == 1.0


def test_an_example_without_trained_tokens_loses_nothing(base: Path, tmp_path: Path) -> None:
    folder = write_examples(tmp_path / "s", [[5, 6, 7], [8, 9]], [[0, 1, 1], [0, 0]])
    shard = open_shard(folder, vocab_size=VOCAB_SIZE)
    assert example_losses(load_model(str(base), precision="float32"), shard)[1] == 0.0


def test_batches_hold_every_example_once_within_the_budget(shard: Shard) -> None:
    batches = list(budgeted_batches(shard, max_tokens=30))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(shard)))
    assert all(len(batch) == 1 or shard.lengths[batch].sum() <= 30 for batch in batches)


@pytest.mark.parametrize(
    ("examples", "masks", "complaint"),
    [
        ([[5, 600]], [[0, 1]], "token 600"),
        ([[5, 6]], [[1, 1]], "first token"),
        ([[5, 6]], [[0, 0]], "No token"),
    ],
)
def test_rejects_a_split_that_cannot_be_trained_on(
    examples: list[list[int]], masks: list[list[int]], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(BadDataError, match=complaint):
        open_shard(write_examples(tmp_path / "s", examples, masks), vocab_size=VOCAB_SIZE)


def test_rejects_files_that_do_not_belong_together(tmp_path: Path) -> None:
    folder = write_split(tmp_path / "s", 3, seed=1)
    (folder / "mask.u8").write_bytes((folder / "mask.u8").read_bytes()[:-1])
    with pytest.raises(BadDataError, match="do not belong together"):
        open_shard(folder, vocab_size=VOCAB_SIZE)
    (folder / "mask.u8").unlink()
    with pytest.raises(BadDataError, match="missing"):
        open_shard(folder, vocab_size=VOCAB_SIZE)
