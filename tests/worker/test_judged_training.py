"""Training on judgements: it learns them, resumes to the bit, and refuses data that has none."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from brewslm.core.outcome.results import results_of
from brewslm.core.recipe.lora import LoraSettings
from brewslm.core.wire.order import EvaluateOrder, Judgement
from brewslm.core.wire.progress import RECORD
from brewslm.core.wire.result import TrainResult
from brewslm.core.wire.shard import LABELS_FILE, REJECTED_FOLDER
from brewslm.worker.evaluate.evaluation import evaluate
from brewslm.worker.failure import BadDataError, NotFiniteError
from brewslm.worker.run import Run
from brewslm.worker.scoring import example_losses
from brewslm.worker.shard import open_shard
from brewslm.worker.train.loop import train
from brewslm.worker.train.objectives import reference
from brewslm.worker.train.objectives.rewards import judged_scores, pair_scores, wilson_interval
from tests.worker.judged import write_judged, write_pairs
from tests.worker.test_training import DyingJournal, Killed, write_base_with_poison
from tests.worker.tiny import Scene, adapter_bytes, curve, facts, records, write_examples

RECIPES: dict[str, dict[str, Any]] = {
    "dpo": {"preference": {"beta": 0.5}},
    "orpo": {"preference": {"orpo_lambda": 1.0}},
    "kto": {"preference": {"beta": 0.5}},
}


@pytest.fixture(params=RECIPES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def scene(base: Path, tmp_path: Path, mode: str) -> Scene:
    write = write_judged if mode == "kto" else write_pairs
    train_split = write(tmp_path / "train", 48, seed=1)
    return Scene(base=base, train=train_split, eval=write(tmp_path / "eval", 24, seed=2), root=tmp_path)


def finish(scene: Scene, name: str, mode: str, *, attempt: int = 1, **recipe: Any) -> tuple[Path, TrainResult]:
    run = scene.run(name, attempt=attempt)
    return run.folder, train(scene.order(mode=mode, **(RECIPES[mode] | recipe)), run)


def test_better_answers_are_preferred_more_and_more(scene: Scene, mode: str) -> None:
    monitor = {"log_every": 10, "eval_every": 10, "checkpoint_every": 10}
    folder, result = finish(scene, "a", mode, data={"batch_size": 8, "total_steps": 40}, monitor=monitor)
    assert result.rewards is not None
    assert result.eval_loss < result.base_eval_loss
    assert result.rewards.accuracy > max(0.8, result.rewards.baseline_accuracy + 0.1)
    assert result.rewards.margin > result.rewards.baseline_margin
    assert result.rewards.margin_low < result.rewards.margin < result.rewards.margin_high
    told = records(folder, "eval")
    assert all(RECORD.validate_python(record) for record in told)
    assert told[result.step // 10 - 1]["rewards"] == result.rewards.model_dump()
    shown = results_of(result, scene.order(mode=mode, **RECIPES[mode]).recipe, experiment="exp-001")
    assert shown.mode == mode
    assert shown.metrics["eval"]["reward_accuracy"] == result.rewards.accuracy
    assert shown.baselines["eval"]["reward_margin"] == result.rewards.baseline_margin


def test_an_evaluation_measures_the_objective_that_was_trained(scene: Scene, mode: str) -> None:
    folder, result = finish(scene, "run", mode)
    recipe = scene.order(mode=mode, **RECIPES[mode]).recipe
    judgement = Judgement(
        mode=mode,  # type: ignore[arg-type]  # a parameter of the test
        settings=recipe.preference,
        max_seq_len=recipe.data.max_seq_len,
        seed=recipe.seed,
    )
    order = EvaluateOrder(
        base_model=str(scene.base),
        tuned_folder=str(folder / result.checkpoint / "adapter"),
        splits={"eval": str(scene.eval)},
        judgement=judgement,
    )
    found = evaluate(order, scene.run("evaluate"))
    (judged,), (scored,) = found.judged, found.splits
    assert np.mean(judged.base_loss) == pytest.approx(result.base_eval_loss, rel=1e-5)
    assert np.mean(judged.tuned_loss) == pytest.approx(result.eval_loss, rel=1e-4)
    assert judged.rewards is not None
    assert result.rewards is not None
    assert judged.rewards.accuracy == result.rewards.accuracy
    assert judged.rewards.margin == pytest.approx(result.rewards.margin, rel=1e-4)
    plain = evaluate(order.model_copy(update={"judgement": None}), scene.run("plain"))
    assert plain.judged == ()
    assert scored.tuned_loss == pytest.approx(plain.splits[0].tuned_loss, rel=1e-5)


def test_resume_ends_as_an_undisturbed_run_to_the_bit(scene: Scene, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe: dict[str, Any] = {"lora": {"lora_dropout": 0.2}, "data": {"micro_batch_tokens": 40}}
    whole, undisturbed = finish(scene, "whole", mode, **recipe)
    run = scene.run("broken")
    journal = DyingJournal(run.folder / "log.jsonl", attempt=1, dies_at_step=8)
    with pytest.raises(Killed):
        train(scene.order(mode=mode, **(RECIPES[mode] | recipe)), Run(run.folder, 1, journal))
    torch.rand(17)
    monkeypatch.setattr(reference, "example_losses", lambda *_, **__: pytest.fail("the reference was measured again"))
    broken, resumed = finish(scene, "broken", mode, attempt=2, **recipe)
    assert facts(resumed) == facts(undisturbed)
    assert adapter_bytes(broken, resumed.checkpoint) == adapter_bytes(whole, undisturbed.checkpoint)
    assert curve(broken) == curve(whole)


@pytest.mark.parametrize("mode", ["dpo"], indirect=True)
def test_the_reference_is_measured_for_what_the_run_sees_and_only_then(
    scene: Scene, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def counted(model: Any, examples: Any, **options: Any) -> Any:
        sizes.append(len(examples))
        return example_losses(model, examples, **options)

    monkeypatch.setattr(reference, "example_losses", counted)
    finish(scene, "a", mode, data={"batch_size": 2, "total_steps": 3})
    assert sizes == [2 * 6, 2 * 24]
    finish(scene, "b", mode)
    assert sizes[2:] == [2 * 48, 2 * 24]


@pytest.mark.parametrize("mode", ["dpo"], indirect=True)
def test_a_reference_of_other_data_or_a_damaged_one_is_measured_again(scene: Scene, mode: str) -> None:
    folder, first = finish(scene, "a", mode)
    kept = (folder / reference.REFERENCE_FILE).read_bytes()
    for name, content in (("b", kept[:-7]), ("c", kept.replace(b"manifest-1", b"manifest-9"))):
        other = scene.run(name).folder
        (other / reference.REFERENCE_FILE).write_bytes(content)
        _, result = finish(scene, name, mode)
        assert result.eval_loss == first.eval_loss
        assert (other / reference.REFERENCE_FILE).read_bytes() == kept


@pytest.mark.parametrize("mode", ["dpo", "kto"], indirect=True)
def test_a_whole_model_learns_from_judgements_beside_the_base_that_it_was(scene: Scene, mode: str) -> None:
    recipe: dict[str, Any] = {"method": "full", "lora": LoraSettings().model_dump(), "optim": {"learning_rate": 0.005}}
    _, result = finish(scene, "a", mode, **recipe)
    assert result.eval_loss < result.base_eval_loss == pytest.approx(math.log(2) if mode == "dpo" else 0.5)
    _, again = finish(scene, "a", mode, attempt=2, **recipe)
    assert again.eval_loss == result.eval_loss


@pytest.mark.parametrize("mode", ["dpo"], indirect=True)
def test_micro_batches_hold_whole_pairs_and_change_nothing_else(scene: Scene, mode: str) -> None:
    data = {"batch_size": 6, "total_steps": 4}
    one, first = finish(scene, "a", mode, data=data)
    many, second = finish(scene, "b", mode, data={**data, "micro_batch_tokens": 30})
    losses = [[record["loss"] for record in records(folder, "log")] for folder in (one, many)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert first.num_tokens_seen == second.num_tokens_seen


def test_the_first_record_stands_beside_the_base(scene: Scene, mode: str) -> None:
    folder, _ = finish(scene, "a", mode, monitor={"log_every": 1})
    first = records(folder, "log")[0]
    assert first["delta"] == pytest.approx(0.0, abs=1e-5)


def test_data_without_judgements_is_refused_with_a_next_step(scene: Scene, mode: str) -> None:
    shutil.rmtree(scene.train / REJECTED_FOLDER, ignore_errors=True)
    (scene.train / LABELS_FILE).unlink(missing_ok=True)
    with pytest.raises(BadDataError) as caught:
        finish(scene, "a", mode)
    assert repr(mode) in str(caught.value)
    assert str(caught.value).endswith("set mode=sft.")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("mode", ["dpo", "kto"], indirect=True)
def test_judgements_of_another_number_of_rows_are_refused(scene: Scene, mode: str) -> None:
    if mode == "dpo":
        write_examples(scene.eval / REJECTED_FOLDER, [[5, 6, 2]], [[0, 1, 1]])
    else:
        (scene.eval / LABELS_FILE).write_bytes(b"\x01\x00")
    with pytest.raises(BadDataError, match="prepare it again"):
        finish(scene, "a", mode)


def test_an_answer_without_a_token_to_score_is_named(scene: Scene, mode: str) -> None:
    folder = scene.train if mode == "kto" else scene.train / REJECTED_FOLDER
    mask = np.fromfile(folder / "mask.u8", dtype="u1")
    split = open_shard(folder, vocab_size=260)
    mask[split.offsets[3] : split.offsets[4]] = 0
    mask.tofile(folder / "mask.u8")
    with pytest.raises(BadDataError, match="Example 3"):
        finish(scene, "a", mode)


@pytest.mark.parametrize("mode", ["dpo"], indirect=True)
def test_a_broken_base_is_told_before_the_first_step(scene: Scene, mode: str, tmp_path: Path) -> None:
    broken = write_base_with_poison(tmp_path / "broken")
    for folder in (scene.eval, scene.eval / REJECTED_FOLDER):
        write_examples(folder, [[5, 200, 7]], [[0, 1, 1]])
    with pytest.raises(NotFiniteError, match="base model"):
        train(scene.order(base=broken, mode=mode), scene.run("a"))


def test_accuracy_counts_ties_half_and_the_margin_has_an_interval() -> None:
    tuned = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 2.0], [4.0, 1.0]])
    scores = pair_scores(tuned, np.zeros((4, 2)))
    assert (scores.accuracy, scores.baseline_accuracy) == (0.625, 0.5)
    assert scores.margin == pytest.approx(0.75)
    assert -1.0 <= scores.margin_low < 0.75 < scores.margin_high <= 3.0
    assert (scores.accuracy_low, scores.accuracy_high) == wilson_interval(0.625, 4)


def test_the_interval_of_a_share_is_wilsons() -> None:
    """Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I: 81 of 263 and 0 of 20."""
    assert wilson_interval(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(0.0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_judged_answers_are_compared_in_all_pairs_of_good_and_bad() -> None:
    rewards, is_good = np.array([3.0, 1.0, 0.0, 1.0, 2.0]), np.array([True, True, False, False, True])
    scores = judged_scores(rewards, is_good)
    assert scores is not None
    assert scores.accuracy == pytest.approx((2 + 1.5 + 2) / 6)
    assert scores.margin == pytest.approx(2.0 - 0.5)
    assert judged_scores(rewards, np.ones(5, dtype=bool)) is None


def test_the_journal_of_a_run_without_rewards_says_so(base: Path, tmp_path: Path) -> None:
    write_pairs(tmp_path / "train", 8, seed=1)
    plain = Scene(base=base, train=tmp_path / "train", eval=write_pairs(tmp_path / "eval", 4, seed=2), root=tmp_path)
    folder = plain.run("a").folder
    result = train(plain.order(data={"total_steps": 2}), plain.run("a"))
    assert result.rewards is None
    assert {json.dumps(record["rewards"]) for record in records(folder, "eval")} == {"null"}
