"""Training: repeatable, resumable to the bit, and honest about the base."""

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from brewslm.core.outcome.results import results_of
from brewslm.core.wire.progress import RECORD, Record
from brewslm.core.wire.result import TrainResult
from brewslm.worker.failure import BadDataError, BadOrderError, NotFiniteError
from brewslm.worker.journal import Journal
from brewslm.worker.run import Run
from brewslm.worker.train.loop import train
from tests.worker.tiny import Scene, adapter_bytes, curve, facts, records, write_base_model, write_examples


class Killed(BaseException):
    """Plays the kill: nothing of the worker's own may catch it."""


class DyingJournal(Journal):
    """A journal at whose n-th record of a step the process dies."""

    def __init__(self, path: Path, *, attempt: int, dies_at_step: int) -> None:
        super().__init__(path, attempt=attempt)
        self._dies_at_step = dies_at_step

    def append(self, record: Record) -> None:
        super().append(record)
        if getattr(record, "step", 0) == self._dies_at_step:
            raise Killed


def finish(scene: Scene, name: str, *, attempt: int = 1, **recipe: Any) -> tuple[Path, TrainResult]:
    run = scene.run(name, attempt=attempt)
    return run.folder, train(scene.order(**recipe), run)


def test_same_seed_same_curve_and_another_seed_another(scene: Scene) -> None:
    first, result = finish(scene, "a")
    second, _ = finish(scene, "b")
    other, _ = finish(scene, "c", seed=43)
    assert curve(first) == curve(second) != curve(other)
    assert adapter_bytes(first, result.checkpoint) == adapter_bytes(second, result.checkpoint)


def test_learns_and_says_how_much_beside_the_base(scene: Scene) -> None:
    folder, result = finish(scene, "a", data={"total_steps": 40}, monitor={"eval_every": 20})
    assert result.status == "completed"
    assert result.eval_loss < result.base_eval_loss - 0.1
    baseline = records(folder, "baseline")
    assert len(baseline) == 1
    assert baseline[0]["eval_loss"] == pytest.approx(result.base_eval_loss)
    assert baseline[0]["seq"] < records(folder, "log")[0]["seq"]
    last = records(folder, "eval")[-1]
    assert last["delta"] == pytest.approx(last["eval_loss"] - last["baseline_loss"])
    assert last["delta_low"] < last["delta"] < last["delta_high"] < 0


def test_first_record_pairs_the_base_with_the_same_batch(scene: Scene) -> None:
    folder, _ = finish(scene, "a", monitor={"log_every": 1})
    first = records(folder, "log")[0]
    assert first["step"] == 1
    assert first["delta"] == pytest.approx(0.0, abs=1e-5)
    assert first["batch_loss"] == pytest.approx(first["loss"])


def test_every_record_is_one_that_the_wire_knows(scene: Scene) -> None:
    folder, _ = finish(scene, "a")
    found = records(folder)
    for record in found:
        RECORD.validate_python(record)
    assert [record["seq"] for record in found] == list(range(1, len(found) + 1))


@pytest.mark.parametrize(
    ("changes", "steps"),
    [
        ({"lora": {"lora_dropout": 0.2}}, range(1, 9)),
        ({"lora": {"lora_dropout": 0.2}, "data": {"gradient_accumulation_steps": 3, "batch_size": 3}}, (2, 6)),
        ({"method": "full"}, (5,)),
    ],
    ids=["dropout", "accumulation", "full"],
)
def test_killed_at_any_step_it_ends_as_an_undisturbed_run_to_the_bit(
    scene: Scene, changes: dict[str, Any], steps: Sequence[int]
) -> None:
    recipe = {**changes, "data": {"total_steps": 8, **changes.get("data", {})}, "monitor": {"log_every": 1}}
    whole, undisturbed = finish(scene, "whole", **recipe)
    for step in steps:
        run = scene.run(f"broken-{step}")
        journal = DyingJournal(run.folder / "log.jsonl", attempt=1, dies_at_step=step)
        with pytest.raises(Killed):
            train(scene.order(**recipe), Run(run.folder, 1, journal))
        torch.rand(17), np.random.rand(3), random.random()
        broken, resumed = finish(scene, f"broken-{step}", attempt=2, **recipe)
        assert facts(resumed) == facts(undisturbed)
        ours, theirs = (
            next((folder / result.checkpoint).glob("*/*model.safetensors")).read_bytes()
            for folder, result in ((broken, resumed), (whole, undisturbed))
        )
        assert ours == theirs
        assert curve(broken) == curve(whole)
        assert len(records(broken, "baseline")) == 1


def test_damaged_newest_checkpoint_is_stepped_over_and_named(scene: Scene) -> None:
    _, undisturbed = finish(scene, "whole")
    run = scene.run("broken")
    journal = DyingJournal(run.folder / "log.jsonl", attempt=1, dies_at_step=10)
    with pytest.raises(Killed):
        train(scene.order(), Run(run.folder, 1, journal))
    newest = max((run.folder / "checkpoints").glob("step-*"))
    weights = newest / "adapter" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    folder, result = finish(scene, "broken", attempt=2)
    assert any(newest.name in record["message"] for record in records(folder, "notice"))
    assert records(folder, "started")[-1]["resumed_from_step"] < int(newest.name[5:11])
    assert result.eval_loss == undisturbed.eval_loss


def test_checkpoint_of_other_data_or_another_recipe_is_refused(scene: Scene) -> None:
    finish(scene, "a")
    with pytest.raises(BadDataError, match="manifest-2"):
        finish(scene, "a", attempt=2, manifest_id="manifest-2")
    with pytest.raises(BadOrderError, match="another recipe"):
        finish(scene, "a", attempt=2, optim={"learning_rate": 0.01})


def test_checkpoints_hold_no_pickle_and_a_name_that_a_stranger_can_use(scene: Scene) -> None:
    folder, result = finish(scene, "a")
    names = {path.name for path in (folder / result.checkpoint).rglob("*") if path.is_file()}
    assert {Path(name).suffix for name in names - {"lease"}} == {".json", ".safetensors"}
    config = json.loads((folder / result.checkpoint / "adapter" / "adapter_config.json").read_bytes())
    assert config["base_model_name_or_path"] == "tiny"
    assert config["target_modules"] == sorted(config["target_modules"])


def test_the_best_checkpoint_is_kept_and_is_the_result(scene: Scene) -> None:
    write_examples(scene.train, [[5, 7, 11, 13, 9]] * 4, [[0, 0, 1, 1, 1]] * 4)
    folder, result = finish(
        scene,
        "a",
        optim={"learning_rate": 0.3},
        data={"total_steps": 30},
        monitor={"eval_every": 1, "checkpoint_every": 2, "keep_checkpoints": 1},
    )
    evaluated = {record["step"]: record["eval_loss"] for record in records(folder, "eval")}
    assert result.step == min(evaluated, key=lambda step: (evaluated[step], step)) < 30
    assert result.eval_loss == evaluated[result.step]
    assert {path.name for path in (folder / "checkpoints").iterdir()} == {
        f"step-{result.step:06d}.e1",
        "step-000030.e1",
    }


def test_cancel_keeps_a_checkpoint_and_a_later_attempt_goes_on(scene: Scene) -> None:
    whole, undisturbed = finish(scene, "whole")
    run = scene.run("a")
    (run.folder / "control").mkdir()
    (run.folder / "control" / "cancel").write_text("5")
    cancelled = train(scene.order(), run)
    assert (cancelled.status, cancelled.last_step, cancelled.step) == ("cancelled", 1, 1)
    (run.folder / "control" / "cancel").unlink()
    folder, result = finish(scene, "a", attempt=2)
    assert result.status == "completed"
    assert adapter_bytes(folder, result.checkpoint) == adapter_bytes(whole, undisturbed.checkpoint)


def test_a_checkpoint_is_made_when_asked_for(scene: Scene) -> None:
    run = scene.run("a")
    (run.folder / "control").mkdir()
    request = run.folder / "control" / "checkpoint_now"
    request.touch()
    train(scene.order(monitor={"checkpoint_every": 100, "eval_every": 100}), run)
    assert [record["step"] for record in records(run.folder, "checkpoint")] == [1, 12]
    assert not request.exists()


def test_epochs_give_the_number_of_steps_and_the_last_one_may_be_short(scene: Scene) -> None:
    folder, result = finish(scene, "a", data={"total_steps": None, "num_epochs": 0.55, "batch_size": 4})
    assert result.total_steps == result.last_step == math.ceil(40 * 0.55 / 4)
    assert records(folder, "log")[-1]["epoch"] == pytest.approx(0.55)


def test_accumulated_batches_weigh_by_tokens(scene: Scene) -> None:
    one, first = finish(scene, "a", data={"batch_size": 8, "gradient_accumulation_steps": 1, "total_steps": 3})
    many, second = finish(scene, "b", data={"batch_size": 2, "gradient_accumulation_steps": 4, "total_steps": 3})
    losses = [[record["loss"] for record in records(folder, "log")] for folder in (one, many)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert first.eval_loss == pytest.approx(second.eval_loss, rel=1e-4)


def test_the_frozen_base_may_be_bfloat16_while_the_adapter_stays_in_float32(scene: Scene) -> None:
    folder, result = finish(scene, "a", precision="bfloat16")
    weights = load_file(folder / result.checkpoint / "adapter" / "adapter_model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.float32}
    assert result.eval_loss < result.base_eval_loss


def test_what_a_training_measures_makes_complete_results(scene: Scene) -> None:
    folder, result = finish(scene, "exp-001")
    results = results_of(result, scene.order().recipe, experiment=folder.name)
    evaluated = next(one for one in records(folder, "eval") if one["step"] == result.step)
    delta = results.deltas["eval"]["loss"]
    assert delta is not None
    assert delta.value == pytest.approx(evaluated["delta"])
    assert (delta.low, delta.high) == (evaluated["delta_low"], evaluated["delta_high"])
    last = [one for one in records(folder, "log") if one["baseline_loss"] is not None][-1]
    assert results.metrics["train"]["loss"] == last["batch_loss"]
    assert results.baselines["train"]["loss"] == last["baseline_loss"]
    assert (results.ended.by, results.ended.step, results.num_attempts) == ("total_steps", 12, 1)
    assert sum(one.num_tokens for one in results.throughput) == results.num_tokens == result.num_tokens_seen
    assert all(one.tokens_per_second > 0 for one in results.throughput)


def test_throughput_is_told_by_the_length_of_the_examples(scene: Scene) -> None:
    short, long = [list(range(4, 14))] * 8, [[4 + place % 90 for place in range(120)]] * 8
    write_examples(scene.train, [*short, *long], [[0, 0, *[1] * (len(one) - 2)] for one in [*short, *long]])
    _, result = finish(scene, "a", data={"batch_size": 1, "total_steps": None, "num_epochs": 1, "max_seq_len": 128})
    assert {one.up_to_tokens: one.num_tokens for one in result.passes} == {32: 80, 128: 960}
    assert result.step_seconds is not None
    assert sum(one.seconds for one in result.passes) < result.step_seconds < result.training_seconds


def write_base_with_poison(folder: Path) -> Path:
    """A base that turns everything that holds token 200 into NaN."""
    write_base_model(folder, tie_word_embeddings=False)
    weights = load_file(folder / "model.safetensors")
    weights["model.embed_tokens.weight"][200] = float("nan")
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


def test_a_broken_base_is_told_before_the_first_step(scene: Scene, tmp_path: Path) -> None:
    broken = write_base_with_poison(tmp_path / "broken")
    write_examples(scene.eval, [[5, 200, 7]], [[0, 1, 1]])
    with pytest.raises(NotFiniteError, match="base model"):
        train(scene.order(base=broken), scene.run("a"))


def test_a_loss_that_is_not_finite_stops_the_run_and_is_logged(scene: Scene, tmp_path: Path) -> None:
    broken = write_base_with_poison(tmp_path / "broken")
    write_examples(scene.train, [[5, 6, 7]] * 20 + [[5, 200, 7]], [[0, 1, 1]] * 21)
    run = scene.run("a")
    with pytest.raises(NotFiniteError) as caught:
        train(scene.order(base=broken), run)
    last = records(run.folder, "log")[-1]
    assert last["step"] == caught.value.step
    assert last["loss"] is None
    assert last["non_finite"]["loss"] == "nan"


def test_an_unknown_target_module_is_refused(scene: Scene) -> None:
    with pytest.raises(BadOrderError, match="tiny"):
        train(scene.order(lora={"target_modules": ("no_such_layer",)}), scene.run("a"))
