"""What the fast path cannot do is declined by name, and the choice of a path lives as long as its run."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from brewslm.worker.failure import BadOrderError
from brewslm.worker.models import load_model
from brewslm.worker.shard import open_shard
from brewslm.worker.train.fast.choice import PATH_FILE, path_for
from brewslm.worker.train.fast.operations.build import KernelBuildError, kernel_library
from brewslm.worker.train.fast.support import supports
from brewslm.worker.train.loop import train
from tests.worker.fast.tiny_families import LINEARS, SMALL, model_of, with_adapter
from tests.worker.tiny import VOCAB_SIZE, Scene, write_base_model


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


@pytest.mark.parametrize("engine", ["general", "fast", "auto"])
def test_a_training_goes_the_way_of_its_recipe(scene: Scene, engine: str) -> None:
    run = scene.run(engine)
    train(scene.order(engine=engine), run)
    choice = json.loads((run.folder / PATH_FILE).read_bytes())
    assert choice["path"] in {"general": ["general"], "fast": ["fast"], "auto": ["general", "fast"]}[engine]


def test_both_ways_lead_to_the_same_losses(scene: Scene) -> None:
    results = [train(scene.order(engine=engine), scene.run(engine)) for engine in ("general", "fast")]
    assert results[0].eval_loss == pytest.approx(results[1].eval_loss, rel=1e-4)


def test_refuses_a_fast_run_that_cannot_be_one(scene: Scene) -> None:
    with pytest.raises(BadOrderError, match=r"engine='fast'.*dropout"):
        train(scene.order(engine="fast", lora={"lora_dropout": 0.1}), scene.run("refused"))


def test_a_resumed_run_keeps_its_path(scene: Scene) -> None:
    order, run = scene.order(), scene.run("kept")
    kept = {"path": "general", "operations": None, "reason": "it was so"}
    (run.folder / PATH_FILE).write_text(json.dumps(kept))
    shard = open_shard(scene.train, vocab_size=VOCAB_SIZE)
    model = with_adapter(load_model(str(scene.base), precision="float32"))
    assert path_for(order, run, model, shard).name == "general"
    assert json.loads((run.folder / PATH_FILE).read_bytes()) == kept


def test_says_why_kernels_cannot_be_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(KernelBuildError, match="no C\\+\\+ compiler"):
        kernel_library(tmp_path)


def test_a_long_run_without_a_compiler_says_so_once_and_goes_on(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brewslm.worker.train.fast.choice.WORK_THAT_PAYS", 0.0)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    run = scene.run("without")
    train(scene.order(engine="fast"), run)
    notices = [line for line in (run.folder / "log.jsonl").read_text().splitlines() if "without kernels" in line]
    assert len(notices) == 1
    assert json.loads((run.folder / PATH_FILE).read_bytes())["operations"] == "eager"


def test_half_heads_are_declined(tmp_path: Path) -> None:
    folder = write_base_model(tmp_path / "half", rope_parameters={"rope_type": "default", "rope_theta": 100.0})
    model = with_adapter(load_model(str(folder), precision="float32"))
    model.base_model.model.model.rotary_emb.inv_freq = torch.ones(1)
    assert "part of each head" in (supports(model, dtype=torch.float32) or "")
