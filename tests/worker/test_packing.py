"""Packing changes nothing but the time it takes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from brewslm.worker.failure import BadDataError
from brewslm.worker.models import load_model, unpacked
from brewslm.worker.packing import budgeted_batches, pack
from brewslm.worker.scoring import example_losses, label_logits, summed_loss, token_losses
from brewslm.worker.shard import Shard, open_shard
from tests.worker.tiny import VOCAB_SIZE, write_base_model, write_examples, write_split

CPU = torch.device("cpu")


@pytest.fixture
def shard(tmp_path: Path) -> Shard:
    return open_shard(write_split(tmp_path / "split", 9, seed=3), vocab_size=VOCAB_SIZE)


def separate_losses(model: torch.nn.Module, shard: Shard, index: int) -> torch.Tensor:
    """The losses of one example alone, by the library's own attention and with all logits."""
    tokens, mask = shard.example(index)
    ids = torch.from_numpy(tokens.astype(np.int64))
    with unpacked(model):
        logits = model(input_ids=ids.unsqueeze(0), use_cache=False).logits[0]
    trained = torch.from_numpy(np.flatnonzero(mask))
    return cross_entropy(logits[trained - 1].float(), ids[trained], reduction="none")


@pytest.mark.parametrize("architecture", ["llama", "grouped", "window", "qwen", "gemma"])
def test_packed_loss_is_the_sum_of_separate_losses(architecture: str, shard: Shard, tmp_path: Path) -> None:
    folder = write_architecture(tmp_path / architecture, architecture)
    model = load_model(str(folder), precision="float32")
    with torch.no_grad():
        packed = token_losses(model, pack(shard, range(len(shard)), device=CPU))
        separate = torch.cat([separate_losses(model, shard, index) for index in range(len(shard))])
    torch.testing.assert_close(packed, separate, rtol=1e-5, atol=1e-5)


def write_architecture(folder: Path, name: str) -> Path:
    if name == "llama":
        return write_base_model(folder, num_key_value_heads=4)
    if name == "grouped":
        return write_base_model(folder, num_key_value_heads=1)
    from transformers import AutoModelForCausalLM, Gemma3TextConfig, MistralConfig, Qwen3Config

    torch.manual_seed(5)
    small = {"vocab_size": VOCAB_SIZE, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 4, "initializer_range": 0.3}
    config = {
        "window": lambda: MistralConfig(**small, **heads, sliding_window=5),
        "qwen": lambda: Qwen3Config(**small, **heads),
        "gemma": lambda: Gemma3TextConfig(
            **small, **heads, sliding_window=5, layer_types=["sliding_attention", "full_attention"]
        ),
    }[name]()
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


def test_packed_gradients_are_those_of_separate_examples(base: Path, shard: Shard) -> None:
    gradients = []
    for is_packed in (True, False):
        model = load_model(str(base), precision="float32").requires_grad_(requires_grad=True)
        if is_packed:
            summed_loss(model, pack(shard, range(len(shard)), device=CPU)).backward()
        else:
            torch.stack([separate_losses(model, shard, index).sum() for index in range(len(shard))]).sum().backward()
        gradients.append({name: weight.grad for name, weight in model.named_parameters()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], rtol=1e-4, atol=1e-4, msg=name)


def test_another_example_in_the_row_changes_nothing(base: Path, shard: Shard) -> None:
    model = load_model(str(base), precision="float32")
    with torch.no_grad():
        alone = token_losses(model, pack(shard, [4], device=CPU))
        behind = token_losses(model, pack(shard, [0, 1, 4], device=CPU))[-len(alone) :]
    torch.testing.assert_close(alone, behind, rtol=1e-5, atol=1e-5)


def test_only_logits_of_labels_are_made(base: Path, shard: Shard) -> None:
    model = load_model(str(base), precision="float32")
    batch = pack(shard, [0, 1, 2], device=CPU)
    with torch.no_grad():
        assert label_logits(model, batch).shape == (int(shard.num_trained[:3].sum()), VOCAB_SIZE)


def test_loss_of_each_example_keeps_the_order_of_the_split(base: Path, shard: Shard) -> None:
    model = load_model(str(base), precision="float32")
    shares: list[float] = []
    losses = example_losses(model, shard, on_batch=shares.append)
    with torch.no_grad():
        expected = [float(separate_losses(model, shard, index).sum()) for index in range(len(shard))]
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
