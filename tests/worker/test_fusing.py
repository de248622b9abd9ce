"""With compiled kernels the general path computes, in every family, what the model itself computes without them."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from brewslm.worker.lora import FEWEST_MERGED_ROWS, fuse_adapters
from brewslm.worker.models import AnyModel, compute_in, load_model
from brewslm.worker.operations.interface import Operations
from brewslm.worker.packing import PackedBatch, pack
from brewslm.worker.shard import open_shard
from brewslm.worker.train.general.fusing import fuse, is_fusable
from brewslm.worker.train.general.path import GeneralPath
from tests.worker.families import FAMILIES, write_family
from tests.worker.tiny import VOCAB_SIZE, write_split

TOLERANCE = 1e-4
"""Relative L2 distance of all gradients together, and a tenth of it for losses, as in test_families."""


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> PackedBatch:
    """More rows than it takes to merge adapters."""
    shard = open_shard(write_split(tmp_path_factory.mktemp("split"), 24, seed=3), vocab_size=VOCAB_SIZE)
    found = pack(shard, range(len(shard)), device=torch.device("cpu"))
    assert found.num_tokens > FEWEST_MERGED_ROWS
    return found


def uneven(folder: Path) -> AnyModel:
    """A model whose norms are not all ones or all zeros."""
    model = load_model(str(folder), precision="float32")
    torch.manual_seed(7)
    for weight in model.parameters():
        if weight.ndim == 1:
            weight.data += 0.2 * torch.randn_like(weight)
    return model


def with_adapter(model: Any) -> AnyModel:
    torch.manual_seed(3)
    tuned = get_peft_model(
        model, LoraConfig(task_type="CAUSAL_LM", r=3, lora_alpha=5, target_modules="all-linear", lora_dropout=0.0)
    )
    for name, weight in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.3)
    fuse_adapters(tuned)
    return tuned


def outcome(path: GeneralPath, model: AnyModel, batch: PackedBatch) -> tuple[float, torch.Tensor, torch.Tensor]:
    model.zero_grad(set_to_none=True)
    loss = path.add_gradients(batch, scale=0.1)
    gradients = torch.cat([w.grad.flatten() for w in model.parameters() if w.grad is not None])
    return loss, gradients, path.token_losses(batch)


@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize("family", FAMILIES)
def test_kernels_change_nothing_in_any_family(
    family: str, method: str, tmp_path: Path, batch: PackedBatch, native: Operations
) -> None:
    model = uneven(write_family(tmp_path, family))
    model = with_adapter(model) if method == "lora" else model.requires_grad_(requires_grad=True)
    loss, gradients, losses = outcome(GeneralPath(model), model, batch)
    assert is_fusable(model)
    fused_loss, fused_gradients, fused_losses = outcome(GeneralPath(model, native), model, batch)
    assert fused_loss == pytest.approx(loss, rel=TOLERANCE / 10)
    assert float((fused_gradients - gradients).norm() / gradients.norm()) < TOLERANCE
    torch.testing.assert_close(fused_losses, losses, rtol=TOLERANCE, atol=TOLERANCE)


def replaced(model: AnyModel) -> set[str]:
    return {type(module).__name__ for module in model.modules() if "forward" in vars(module)}


def test_what_computes_something_else_keeps_its_own_way(tmp_path: Path, native: Operations) -> None:
    for family, expected in {
        "llama": {"LlamaRMSNorm", "LlamaMLP"},
        "gemma3": {"Gemma3RMSNorm"},  # whose activation is another
        "phi3": {"Phi3RMSNorm"},  # whose MLP has other parts
    }.items():
        model = load_model(str(write_family(tmp_path / family, family)), precision="float32")
        fuse(model, native)
        assert replaced(model) == expected


class GatedNorm(torch.nn.Module):
    """As state-space models have it: a plain norm only as long as nobody hands it a gate."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.variance_epsilon = torch.nn.Parameter(torch.ones(8)), 1e-6

    def forward(self, values: torch.Tensor, gate: torch.Tensor | None = None) -> torch.Tensor:
        scaled = values if gate is None else values * gate
        return self.weight * scaled * torch.rsqrt(scaled.square().mean(-1, keepdim=True) + self.variance_epsilon)


def test_a_norm_that_may_be_handed_more_is_left_alone(base: Path, native: Operations) -> None:
    model: Any = load_model(str(base), precision="float32")
    model.model.gated = GatedNorm()
    fuse(model, native)
    assert "GatedNorm" not in replaced(model)


def test_products_in_bfloat16_are_left_alone(base: Path) -> None:
    kept = load_model(str(base), precision="bfloat16")
    computed = load_model(str(base), precision="float32")
    compute_in(computed, "bfloat16")
    assert not is_fusable(kept)
    assert not is_fusable(computed)
