"""The fast path gives the loss and the gradients of autograd."""

from typing import Any

import pytest
import torch

from brewslm.worker.packing import PackedBatch
from brewslm.worker.train.fast.choice import kernel_folder
from brewslm.worker.train.fast.operations.eager import EAGER
from brewslm.worker.train.fast.operations.native import native_operations
from brewslm.worker.train.fast.path import FastPath
from brewslm.worker.train.fast.support import supports
from brewslm.worker.train.paths import GeneralPath
from tests.worker.fast.tiny_families import (
    FAMILIES,
    LINEARS,
    chat,
    gradients_of,
    model_of,
    packed,
    with_adapter,
)

TOLERANCE = 1e-5
"""Of the loss, and of each gradient relative to its norm, in float32."""
WAYS = [EAGER, native_operations(kernel_folder())]
ROW = chat(7, 13, 2, 24, 1 + 5, 17)


def trained(family: str, mode: str, **settings: Any) -> Any:
    model = model_of(family, **settings)
    if mode == "full":
        return model.requires_grad_(requires_grad=True)
    return with_adapter(model, LINEARS if mode == "lora" else mode.split())


def outcome(path: Any, model: Any, *batches: PackedBatch) -> tuple[float, dict[str, torch.Tensor]]:
    model.zero_grad()
    loss = sum(path.add_gradients(batch, scale=1 / 50) for batch in batches)
    return loss, gradients_of(model)


def assert_same(model: Any, fast: Any, *batches: PackedBatch, tolerance: float = TOLERANCE) -> None:
    loss, gradients = outcome(GeneralPath(model), model, *batches)
    fast_loss, fast_gradients = outcome(fast, model, *batches)
    assert fast_loss == pytest.approx(loss, rel=tolerance)
    assert fast_gradients.keys() == gradients.keys()
    assert gradients
    for name, expected in gradients.items():
        distance = float(
            (fast_gradients[name].float() - expected.float()).norm() / expected.float().norm().clamp(min=1e-12)
        )
        assert distance < tolerance, (name, distance)


def fast_path(model: Any, way: Any, dtype: torch.dtype = torch.float32) -> FastPath:
    assert supports(model, dtype=dtype) is None
    return FastPath(model, way, dtype=dtype)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("mode", ["lora", "full"])
@pytest.mark.parametrize("family", FAMILIES)
def test_loss_and_gradients_are_those_of_autograd(family: str, mode: str, way: Any) -> None:
    model = trained(family, mode)
    assert_same(model, fast_path(model, way), packed(ROW))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("targets", ["q_proj v_proj", "down_proj", "o_proj", "gate_proj", "k_proj up_proj"])
def test_any_subset_of_the_linears_can_have_adapters(targets: str, way: Any) -> None:
    model = trained("llama", targets)
    assert_same(model, fast_path(model, way), packed(ROW))
