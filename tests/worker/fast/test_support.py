"""What the fast path cannot do is declined by name."""

from pathlib import Path
from typing import Any

import pytest
import torch

from brewslm.worker.models import load_model
from brewslm.worker.operations.build import KernelBuildError, kernel_library
from brewslm.worker.train.fast.support import supports
from tests.worker.fast.tiny_families import LINEARS, SMALL, model_of, with_adapter
from tests.worker.tiny import write_base_model


def frozen(config_class: str, **changes: Any) -> Any:
    import transformers

    config = getattr(transformers, config_class)(**{**SMALL, **changes})
    return transformers.AutoModelForCausalLM.from_config(config).requires_grad_(requires_grad=False)


DYNAMIC_ROPE = {"rope_type": "dynamic", "rope_theta": 100.0, "factor": 2.0}


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (lambda: with_adapter(frozen("GemmaConfig", head_dim=6)), "architecture 'gemma'"),
        (lambda: with_adapter(frozen("LlamaConfig", hidden_act="gelu")), "activation 'gelu'"),
        (lambda: with_adapter(frozen("LlamaConfig", rope_parameters=DYNAMIC_ROPE)), "type 'dynamic'"),
        (lambda: with_adapter(model_of("llama"), use_dora=True), "other adapter than plain LoRA"),
        (lambda: with_adapter(model_of("llama"), lora_dropout=0.1), "dropout"),
        (lambda: with_adapter(model_of("llama"), lora_bias=True), "bias"),
        (lambda: with_adapter(model_of("llama"), [*LINEARS, "lm_head"]), "output head"),
        (lambda: with_adapter(model_of("llama"), modules_to_save=["norm"]), "trained"),
        (lambda: model_of("llama"), "nothing is trained"),
        (lambda: model_of("llama").requires_grad_(requires_grad=True).bfloat16(), "float32"),
        (lambda: with_adapter(model_of("llama", dtype=torch.bfloat16)), "products are to be made"),
    ],
)
def test_declines_what_it_does_not_know(model: Any, reason: str) -> None:
    assert reason in (supports(model(), dtype=torch.float32) or "")


def test_other_scalings_of_the_rank_are_read_from_the_adapter() -> None:
    assert supports(with_adapter(model_of("llama"), use_rslora=True), dtype=torch.float32) is None


def test_says_why_kernels_cannot_be_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(KernelBuildError, match="no C\\+\\+ compiler"):
        kernel_library(tmp_path)


def test_half_heads_are_declined(tmp_path: Path) -> None:
    folder = write_base_model(tmp_path / "half", rope_parameters={"rope_type": "default", "rope_theta": 100.0})
    model = with_adapter(load_model(str(folder), precision="float32"))
    model.base_model.model.model.rotary_emb.inv_freq = torch.ones(1)
    assert "part of each head" in (supports(model, dtype=torch.float32) or "")
