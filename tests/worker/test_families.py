"""Every architecture family: packing, chunking and merging change nothing but the time and memory that it takes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from torch.nn.functional import cross_entropy

from brewslm.worker import head
from brewslm.worker.lora import fuse_adapters
from brewslm.worker.models import AnyModel, load_model, unpacked
from brewslm.worker.packing import PackedBatch, pack
from brewslm.worker.scoring import summed_loss, token_losses
from brewslm.worker.shard import Shard, open_shard
from brewslm.worker.train.leaks import refuse_leaks
from tests.worker.families import FAMILIES, write_family
from tests.worker.tiny import VOCAB_SIZE, write_split

TOLERANCE = 1e-4
"""Relative L2 distance of gradients in float32; losses are held to a tenth of it."""


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("families")
    return {name: write_family(root / name, name) for name in FAMILIES}


@pytest.fixture(scope="session")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Shard:
    folder = tmp_path_factory.mktemp("families") / "split"
    return open_shard(write_split(folder, 9, seed=3), vocab_size=VOCAB_SIZE)


def packed(shard: Shard) -> PackedBatch:
    return pack(shard, range(len(shard)), device=torch.device("cpu"))


def separate_losses(model: AnyModel, shard: Shard, index: int) -> Tensor:
    """The losses of one example alone, by the library's own attention and with all logits."""
    tokens, mask = shard.example(index)
    ids = torch.from_numpy(tokens.astype(np.int64))
    with unpacked(model):
        logits = model(input_ids=ids.unsqueeze(0), use_cache=False).logits[0]
    trained = torch.from_numpy(np.flatnonzero(mask))
    return cross_entropy(logits[trained - 1].float(), ids[trained], reduction="none")


def all_separate(model: AnyModel, shard: Shard) -> Tensor:
    return torch.cat([separate_losses(model, shard, index) for index in range(len(shard))])


def adapted(folder: Path) -> PeftModel:
    torch.manual_seed(3)
    config = LoraConfig(task_type="CAUSAL_LM", r=3, lora_alpha=5, target_modules="all-linear")
    model = get_peft_model(load_model(str(folder), precision="float32"), config)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.3)
    fuse_adapters(model)
    return model


def gradients_of(model: AnyModel, loss: Tensor) -> dict[str, Tensor]:
    loss.backward()
    found = {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}
    model.zero_grad(set_to_none=True)
    return found


def assert_same_gradients(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    assert ours.keys() == theirs.keys()
    for name, gradient in theirs.items():
        distance = float((ours[name] - gradient).norm() / gradient.norm().clamp_min(1e-6))
        assert distance < TOLERANCE, f"{name}: {distance}"


@pytest.mark.parametrize("family", FAMILIES)
def test_packed_loss_is_the_sum_of_separate_losses(family: str, folders: dict[str, Path], shard: Shard) -> None:
    model = load_model(str(folders[family]), precision="float32")
    with torch.no_grad():
        torch.testing.assert_close(token_losses(model, packed(shard)), all_separate(model, shard), rtol=1e-5, atol=1e-5)
    refuse_leaks(model, shard)


@pytest.mark.parametrize("family", FAMILIES)
def test_chunked_gradients_of_all_weights_are_those_of_separate_examples_with_all_logits(
    family: str, folders: dict[str, Path], shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head, "LOGITS_AT_ONCE", 7 * VOCAB_SIZE)
    model = load_model(str(folders[family]), precision="float32").requires_grad_(requires_grad=True)
    plain = all_separate(model, shard).sum()
    summed, single = summed_loss(model, packed(shard)), token_losses(model, packed(shard))
    torch.testing.assert_close(summed, plain, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(single.sum(), plain, rtol=1e-5, atol=1e-5)
    expected = gradients_of(model, plain)
    assert_same_gradients(gradients_of(model, summed), expected)
    assert_same_gradients(gradients_of(model, single.sum()), expected)


@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_of_an_adapter_are_those_of_separate_examples_and_it_merges(
    family: str, folders: dict[str, Path], shard: Shard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head, "LOGITS_AT_ONCE", 7 * VOCAB_SIZE)
    model = adapted(folders[family])
    plain, summed = all_separate(model, shard).sum(), summed_loss(model, packed(shard))
    torch.testing.assert_close(summed, plain, rtol=1e-5, atol=1e-5)
    expected = gradients_of(model, plain)
    assert_same_gradients(gradients_of(model, summed), expected)
    with torch.no_grad():
        tuned = token_losses(model, packed(shard))
        merged = token_losses(model.merge_and_unload(safe_merge=True), packed(shard))
    torch.testing.assert_close(merged, tuned, rtol=1e-4, atol=1e-4)
