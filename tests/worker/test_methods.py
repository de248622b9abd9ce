"""Methods and modes besides LoRA: trained, resumed, evaluated and exported alike."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from brewslm.core.wire.order import EvaluateOrder, ExportOrder
from brewslm.core.wire.result import TrainResult
from brewslm.worker.evaluate.evaluation import evaluate
from brewslm.worker.export.exporting import export
from brewslm.worker.failure import BadOrderError
from brewslm.worker.models import load_model, without_adapter
from brewslm.worker.packing import pack
from brewslm.worker.run import Run
from brewslm.worker.scoring import example_losses, summed_loss
from brewslm.worker.shard import open_shard
from brewslm.worker.train.batch_baseline import affordable_steps
from brewslm.worker.train.loop import train
from brewslm.worker.train.trainee import new_trainee
from tests.worker.test_training import DyingJournal, Killed
from tests.worker.tiny import VOCAB_SIZE, Scene, curve, records

FULL: dict[str, Any] = {"method": "full", "optim": {"learning_rate": 3e-3}}
DORA: dict[str, Any] = {"method": "dora"}


def finish(scene: Scene, name: str, *, attempt: int = 1, **recipe: Any) -> tuple[Path, TrainResult]:
    run = scene.run(name, attempt=attempt)
    return run.folder, train(scene.order(**recipe), run)


def weights_of(folder: Path, result: TrainResult) -> bytes:
    (path,) = (folder / result.checkpoint).glob("*/*model.safetensors")
    return path.read_bytes()


@pytest.mark.parametrize("recipe", [FULL, DORA], ids=["full", "dora"])
@pytest.mark.parametrize("dies_at_step", [2, 8])
def test_resume_ends_as_an_undisturbed_run_to_the_bit(scene: Scene, recipe: dict[str, Any], dies_at_step: int) -> None:
    whole, undisturbed = finish(scene, "whole", **recipe)
    assert undisturbed.eval_loss < undisturbed.base_eval_loss - 0.05
    run = scene.run("broken")
    journal = DyingJournal(run.folder / "log.jsonl", attempt=1, dies_at_step=dies_at_step)
    with pytest.raises(Killed):
        train(scene.order(**recipe), Run(run.folder, 1, journal))
    broken, resumed = finish(scene, "broken", attempt=2, **recipe)
    assert weights_of(broken, resumed) == weights_of(whole, undisturbed)
    assert curve(broken) == curve(whole)


def test_a_fully_tuned_model_is_one_that_a_stranger_can_load(scene: Scene) -> None:
    folder, result = finish(scene, "a", **FULL)
    model = AutoModelForCausalLM.from_pretrained(folder / result.checkpoint / "model")
    assert model.dtype == torch.float32
    shard = open_shard(scene.eval, vocab_size=VOCAB_SIZE)
    ours = load_model(str(folder / result.checkpoint / "model"), precision="float32")
    assert example_losses(ours, shard).sum() / shard.num_trained.sum() == pytest.approx(result.eval_loss, rel=1e-6)
    stored = load_file(folder / result.checkpoint / "model" / "model.safetensors")
    assert "lm_head.weight" not in stored
    assert not (folder / result.checkpoint / "adapter").exists()


def test_a_dora_adapter_is_one_that_peft_can_load(scene: Scene) -> None:
    folder, result = finish(scene, "a", **DORA)
    base = AutoModelForCausalLM.from_pretrained(scene.base)
    model = PeftModel.from_pretrained(base, folder / result.checkpoint / "adapter")
    assert model.peft_config["default"].use_dora


@pytest.mark.parametrize("recipe", [FULL, DORA], ids=["full", "dora"])
def test_evaluation_and_export_take_what_was_tuned(scene: Scene, recipe: dict[str, Any]) -> None:
    folder, result = finish(scene, "a", **recipe)
    form: Any = "model" if recipe["method"] == "full" else "adapter"
    tuned = str(folder / result.checkpoint / form)
    order = EvaluateOrder(
        base_model=str(scene.base), tuned_folder=tuned, tuned_form=form, splits={"eval": str(scene.eval)}
    )
    (scored,) = evaluate(order, scene.run("evaluate")).splits
    num_tokens = sum(scored.num_tokens)
    assert sum(scored.tuned_loss) / num_tokens == pytest.approx(result.eval_loss, rel=1e-5)
    assert sum(scored.base_loss) / num_tokens == pytest.approx(result.base_eval_loss, rel=1e-5)
    run = scene.run("export")
    output = run.folder / "output"
    exported = export(
        ExportOrder(
            base_model=str(scene.base),
            tuned_folder=tuned,
            tuned_form=form,
            output_folder=str(output),
            parity_folder=str(scene.eval),
        ),
        run,
    )
    assert exported.merged_loss == pytest.approx(result.eval_loss, rel=1e-4)
    assert exported.largest_logprob_difference < 1e-3
    assert (output / "adapter").exists() == (form == "adapter")


def test_the_base_of_a_full_training_is_scored_up_front_on_the_batches_of_logged_steps(scene: Scene) -> None:
    folder, _ = finish(scene, "a", **FULL, monitor={"log_every": 1}, data={"total_steps": 100})
    logged = records(folder, "log")
    assert affordable_steps(100, 1) == [1, 100]
    assert affordable_steps(1000, 50) == list(range(50, 1001, 50))
    assert affordable_steps(400, 5) == [5, 60, 115, 170, 230, 285, 340, 400]
    assert [record["step"] for record in logged if record["delta"] is not None] == [1, 100]
    assert logged[0]["delta"] == pytest.approx(0.0, abs=1e-5)
    assert logged[-1]["delta"] < -0.1


def test_a_resumed_full_training_that_lost_its_baseline_measures_the_same_again(scene: Scene) -> None:
    folder, result = finish(scene, "a", **FULL)
    for name in ("baseline.json", "baseline_batches.json"):
        (folder / name).unlink()
    before = weights_of(folder, result)
    _, again = finish(scene, "a", attempt=2, **FULL)
    assert again.base_eval_loss == pytest.approx(result.base_eval_loss, rel=1e-6)
    assert weights_of(folder, again) == before


@pytest.mark.parametrize("recipe", [FULL, FULL | {"step_path": "fast"}, {}], ids=["full", "full by hand", "lora"])
def test_bfloat16_follows_float32(scene: Scene, recipe: dict[str, Any]) -> None:
    curves = []
    for precision in ("float32", "bfloat16"):
        folder, _ = finish(scene, precision, **recipe, precision=precision, data={"total_steps": 20})
        curves.append(np.array([record["loss"] for record in records(folder, "log")]))
    assert curves[0][-1] < curves[0][0] - 0.1
    assert 0.0 < float(np.abs(curves[0] - curves[1]).max()) < 0.05


@pytest.mark.parametrize("recipe", [FULL, {}], ids=["full", "lora"])
def test_activation_checkpointing_changes_nothing_but_memory(scene: Scene, recipe: dict[str, Any]) -> None:
    same = recipe | {"step_path": "general"}
    curves = [
        curve(finish(scene, f"run-{is_on}", **same, activation_checkpointing=is_on)[0]) for is_on in (False, True)
    ]
    for plain, checkpointed in zip(*curves, strict=True):
        assert checkpointed == pytest.approx(plain, abs=1e-6)


@pytest.mark.parametrize("is_on", [False, True])
def test_activation_checkpointing_computes_each_block_again(scene: Scene, is_on: bool) -> None:
    model = new_trainee(scene.order(activation_checkpointing=is_on)).model
    calls: list[torch.nn.Module] = []
    for block in without_adapter(model).base_model.layers:
        block.mlp.register_forward_pre_hook(lambda module, _inputs: calls.append(module))
    batch = pack(open_shard(scene.train, vocab_size=VOCAB_SIZE), range(3), device=torch.device("cpu"))
    summed_loss(model, batch).backward()
    assert len(calls) == (4 if is_on else 2)


def test_a_base_of_4_bits_without_its_package_is_one_clear_line(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(BadOrderError, match=r"needs bitsandbytes.*method 'lora'"):
        new_trainee(scene.order(method="qlora"))


def test_early_stopping_keeps_the_best_and_says_why(scene: Scene) -> None:
    recipe: dict[str, Any] = {
        "early_stopping": {"patience": 2, "min_delta": 10.0},
        "data": {"total_steps": 50},
        "monitor": {"eval_every": 3},
    }
    folder, result = finish(scene, "a", **recipe)
    assert (result.status, result.end, result.last_step) == ("completed", "early_stopping", 9)
    (ended,) = records(folder, "ended")
    assert (ended["end"], ended["step"], ended["why"]) == ("early_stopping", 9, result.why)
    assert "2 evaluations in a row" in result.why
    _, again = finish(scene, "a", attempt=2, **recipe)
    assert (again.end, again.last_step, again.checkpoint) == ("early_stopping", 9, result.checkpoint)


def test_a_budget_ends_in_an_evaluated_checkpoint(scene: Scene) -> None:
    folder, result = finish(scene, "a", budget={"max_tokens": 150}, monitor={"eval_every": 100})
    evaluated = [record["step"] for record in records(folder, "eval")]
    assert (result.status, result.end) == ("completed", "budget")
    assert result.num_tokens_seen >= 150
    assert evaluated == [result.last_step] == [result.step]
    (ended,) = records(folder, "ended")
    assert (ended["end"], ended["step"], ended["total_steps"]) == ("budget", result.step, 12)
    assert "150 tokens" in ended["why"]


@pytest.mark.parametrize(
    ("budget", "end", "told"),
    [
        ({"max_minutes": 1e-6}, "timeout", "1e-06 minutes"),
        ({"max_cost": 1e-9, "cost_per_hour": 3.0}, "budget", "1e-09 at 3 an hour"),
        ({"max_kwh": 1e-9, "power_watts": 40.0}, "budget", "1e-09 kWh at 40 W"),
    ],
    ids=["time", "money", "energy"],
)
def test_used_up_time_or_money_ends_in_an_evaluated_checkpoint(
    scene: Scene, budget: dict[str, float], end: str, told: str
) -> None:
    folder, result = finish(scene, "a", budget=budget)
    assert (result.status, result.end, result.step, result.last_step) == ("completed", end, 1, 1)
    assert told in result.why
    assert [record["step"] for record in records(folder, "eval")] == [1]
