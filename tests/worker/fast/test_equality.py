"""The fast path gives the loss and the gradients of autograd, with kernels and without."""

from typing import Any

import pytest
import torch

from brewslm.worker.models import compute_in
from brewslm.worker.operations.interface import Operations
from brewslm.worker.packing import PackedBatch
from brewslm.worker.train.fast.path import FastPath
from brewslm.worker.train.fast.support import supports
from brewslm.worker.train.general.path import GeneralPath
from tests.worker.fast.tiny_families import (
    FAMILIES,
    LINEARS,
    chat,
    examples,
    gradients_of,
    model_of,
    packed,
    with_adapter,
)

TOLERANCE = 1e-5
"""Of the loss, and of the difference of each gradient relative to its norm, in float32."""
SMALL_SHARE = 0.01
"""A gradient that is a smaller share of all is a difference of large numbers, and measured against this share."""
BAND = 0.05
"""The same in bfloat16, whose numbers have 8 bits: the two paths round in different places."""
ROW = chat(7, 13, 2, 24, 6, 17)


def trained(family: str, mode: str, *, dtype: torch.dtype = torch.float32) -> Any:
    model = model_of(family, dtype=dtype)
    if mode == "full":
        return model.requires_grad_(requires_grad=True)
    return with_adapter(model, LINEARS if mode == "lora" else mode.split())


def fast_path(model: Any, operations: Operations, dtype: torch.dtype = torch.float32) -> FastPath:
    assert supports(model, dtype=dtype) is None
    return FastPath(model, operations, dtype=dtype)


def outcome(path: Any, model: Any, *batches: PackedBatch) -> tuple[float, dict[str, torch.Tensor]]:
    model.zero_grad()
    loss = sum(path.add_gradients(batch, scale=1 / 50) for batch in batches)
    return loss, gradients_of(model)


def assert_same(model: Any, fast: FastPath, *batches: PackedBatch, tolerance: float = TOLERANCE) -> None:
    loss, gradients = outcome(GeneralPath(model), model, *batches)
    fast_loss, fast_gradients = outcome(fast, model, *batches)
    assert fast_loss == pytest.approx(loss, rel=tolerance)
    assert fast_gradients.keys() == gradients.keys()
    assert gradients
    least = SMALL_SHARE * torch.stack([gradient.norm() for gradient in gradients.values()]).norm()
    for name, expected in gradients.items():
        distance = float((fast_gradients[name] - expected).norm() / torch.maximum(expected.norm(), least))
        assert distance < tolerance, (name, distance)


@pytest.mark.parametrize("mode", ["lora", "full"])
@pytest.mark.parametrize("family", FAMILIES)
def test_loss_and_gradients_are_those_of_autograd(family: str, mode: str, operations: Operations) -> None:
    model = trained(family, mode)
    assert_same(model, fast_path(model, operations), packed(ROW))


@pytest.mark.parametrize("targets", ["q_proj v_proj", "down_proj", "o_proj", "gate_proj", "k_proj up_proj"])
def test_any_subset_of_the_linears_can_have_adapters(targets: str, operations: Operations) -> None:
    model = trained("llama", targets)
    assert_same(model, fast_path(model, operations), packed(ROW))


def test_blocks_below_the_lowest_adapter_are_only_passed_through(operations: Operations) -> None:
    model = with_adapter(model_of("llama"), layers_to_transform=[1])
    assert_same(model, fast_path(model, operations), packed(ROW))


@pytest.mark.parametrize(
    "shard",
    [
        examples(2, 4, 2, trained=[[1], [3], [1]]),
        examples(9, 1, 5, trained=[[8], [], [4]]),
        examples(3, 70, trained=[[1], [20, 69]]),
        examples(133, trained=[range(1, 133)]),
    ],
    ids=["two tokens", "label at the end, none at all", "few labels far apart", "longer than a block"],
)
def test_every_layout_of_labels_is_right(shard: Any, operations: Operations) -> None:
    model = trained("qwen2, window", "full")
    assert_same(model, fast_path(model, operations), packed(shard))


def test_logits_in_pieces_add_up(operations: Operations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brewslm.worker.train.fast.loss.LOGITS_AT_A_TIME", 1)
    monkeypatch.setattr("brewslm.worker.train.fast.loss.FEWEST_LABELS", 7)
    model = trained("tied", "full")
    assert_same(model, fast_path(model, operations), packed(ROW))


@pytest.mark.parametrize("mode", ["lora", "full"])
def test_micro_batches_add_up(mode: str, operations: Operations) -> None:
    model = trained("llama", mode)
    assert_same(model, fast_path(model, operations), packed(ROW), packed(chat(31)), packed(chat(4, 5)))


@pytest.mark.parametrize("mode", ["lora", "full"])
def test_follows_the_weights(mode: str, operations: Operations) -> None:
    model = trained("llama", mode)
    fast = fast_path(model, operations)
    outcome(fast, model, packed(ROW))
    with torch.no_grad():
        for weight in model.parameters():
            if weight.requires_grad:
                weight.add_(weight.grad, alpha=0.1)
    fast.weights_changed()
    assert_same(model, fast, packed(ROW))


def test_two_paths_of_one_model_do_not_part_its_weights(native: Operations, operations: Operations) -> None:
    model = trained("qwen2", "full")
    first, second = fast_path(model, native), fast_path(model, operations)
    with torch.no_grad():
        model.model.layers[0].self_attn.q_proj.weight.mul_(1.5)
    for path in (first, second):
        path.weights_changed()
        assert_same(model, path, packed(ROW))


@pytest.mark.parametrize("mode", ["lora", "full"])
def test_the_same_bits_come_twice(mode: str, operations: Operations) -> None:
    outcomes = []
    for _ in range(2):
        model = trained("qwen3", mode)
        fast = fast_path(model, operations)
        outcome(fast, model, packed(chat(3, 40)))
        outcomes.append(outcome(fast, model, packed(ROW), packed(chat(9, 2))))
    (loss, gradients), (again, gradients_again) = outcomes
    assert loss == again
    assert all(torch.equal(gradients[name], gradients_again[name]) for name in gradients)


@pytest.mark.parametrize("family", ["llama", "llama3 angles, biases", "qwen3"])
def test_bfloat16_stays_within_its_band(family: str, operations: Operations) -> None:
    model = trained(family, "lora", dtype=torch.bfloat16)
    wide = trained(family, "lora")
    loss, gradients = outcome(GeneralPath(wide), wide, packed(ROW))
    fast_loss, fast_gradients = outcome(fast_path(model, operations, torch.bfloat16), model, packed(ROW))
    general_loss, general_gradients = outcome(GeneralPath(model), model, packed(ROW))
    assert fast_loss == pytest.approx(loss, rel=BAND)
    assert abs(fast_loss - general_loss) < BAND * loss
    whole, fast_whole, general_whole = (
        torch.cat([part[name].float().flatten() for name in gradients])
        for part in (gradients, fast_gradients, general_gradients)
    )
    error = float((fast_whole - whole).norm() / whole.norm())
    assert error < BAND
    assert error < 1.5 * float((general_whole - whole).norm() / whole.norm())


def test_full_training_in_bfloat16_keeps_float32_gradients(operations: Operations) -> None:
    model = trained("tied", "full")
    loss, gradients = outcome(GeneralPath(model), model, packed(ROW))
    compute_in(model, "bfloat16")
    fast_loss, fast_gradients = outcome(fast_path(model, operations, torch.bfloat16), model, packed(ROW))
    assert fast_loss == pytest.approx(loss, rel=BAND)
    for name, expected in gradients.items():
        assert fast_gradients[name].dtype == torch.float32
        assert float((fast_gradients[name] - expected).norm() / expected.norm()) < 2 * BAND, name
