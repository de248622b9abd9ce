"""The adapter: a fused step that is PEFT's, and a check that packed examples do not see each other."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model

from brewslm.worker.attention import Layout
from brewslm.worker.failure import BadOrderError
from brewslm.worker.lora import fuse_adapters
from brewslm.worker.models import load_model
from brewslm.worker.packing import pack
from brewslm.worker.scoring import summed_loss
from brewslm.worker.shard import open_shard
from brewslm.worker.train import leaks
from brewslm.worker.train.baseline import BaselineBudget, paired_interval
from tests.worker.tiny import VOCAB_SIZE, Scene


def adapted(base: Path, **settings: Any) -> PeftModel:
    torch.manual_seed(3)
    model = get_peft_model(
        load_model(str(base), precision=settings.pop("precision", "float32")),
        LoraConfig(task_type="CAUSAL_LM", r=3, lora_alpha=5, target_modules="all-linear", **settings),
    )
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight)
    return model


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-4), ("bfloat16", 0.1)])
def test_the_fused_step_is_that_of_peft(scene: Scene, precision: str, tolerance: float) -> None:
    shard = open_shard(scene.train, vocab_size=VOCAB_SIZE)
    batch = pack(shard, range(6), device=torch.device("cpu"))
    outcomes = []
    for is_fused in (False, True):
        model = adapted(scene.base, precision=precision)
        if is_fused:
            assert fuse_adapters(model) == 2 * 7
        loss = summed_loss(model, batch)
        loss.backward()
        gradients = torch.cat([w.grad.flatten() for w in model.parameters() if w.grad is not None])
        with model.disable_adapter():
            base_loss = summed_loss(model, batch)
        outcomes.append((loss.detach(), gradients, base_loss.detach()))
    (loss, gradients, base_loss), (fused_loss, fused_gradients, fused_base_loss) = outcomes
    torch.testing.assert_close(fused_loss, loss, rtol=tolerance, atol=tolerance)
    assert float((fused_gradients - gradients).norm() / gradients.norm()) < tolerance
    assert torch.equal(fused_base_loss, base_loss)
    assert fused_gradients.dtype == torch.float32


def test_layers_with_dropout_keep_the_step_of_peft(base: Path) -> None:
    assert fuse_adapters(adapted(base, lora_dropout=0.1)) == 0


def test_an_architecture_whose_examples_see_each_other_is_refused(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = open_shard(scene.train, vocab_size=VOCAB_SIZE)
    model = load_model(str(scene.base), precision="float32")
    leaks.refuse_leaks(model, shard)

    def leaky(*args: Any, **options: Any) -> Any:
        batch = pack(*args, **options)
        places = torch.arange(batch.input_ids.shape[1])
        return replace(batch, layout=Layout((len(places),), ((1, len(places)),), places, places))

    monkeypatch.setattr(leaks, "pack", leaky)
    with pytest.raises(BadOrderError, match="LlamaForCausalLM see each other"):
        leaks.refuse_leaks(model, shard)


def test_the_base_is_scored_beside_the_adapter_for_at_most_a_hundredth_of_the_time() -> None:
    budget, training_seconds, times = BaselineBudget(seconds_spent=0.0), 0.0, []
    for step in range(1, 2001):
        training_seconds += 1.0
        if step % 5 == 0 and budget.allows(training_seconds):
            budget.spend(0.4)
            times.append(step)
    assert times[0] == 5
    assert len(times) > 40
    assert budget.seconds_spent <= 0.01 * training_seconds


def test_the_interval_holds_the_difference_and_shrinks_with_the_examples() -> None:
    random = np.random.default_rng(0)
    few, many = (random.normal(-2.0, 3.0, size=size) for size in (20, 2000))
    tokens = np.full(2000, 10)
    low, high = paired_interval(few, tokens[:20], seed=0)
    assert low < few.sum() / 200 < high
    narrow = paired_interval(many, tokens, seed=0)
    assert narrow[1] - narrow[0] < (high - low) / 5
    assert paired_interval(many, tokens, seed=0) == narrow
