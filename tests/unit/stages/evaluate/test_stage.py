"""Evaluation: base and tuned on the same rows, with intervals, gates, and nothing counted that was not measured."""

import math
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.job import Job, JobStatus
from brewslm.core.recipe.preference import PreferenceSettings
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.order import EvaluateOrder, Judgement
from brewslm.core.wire.progress import RewardScores
from brewslm.core.wire.result import EvaluateResult, GeneratedAnswer, JudgedSplit, ScoredLabels, ScoredSplit
from brewslm.stages.evaluate.contract import EvaluateInputs
from tests.unit.scene import Scene, answering, extra_dataset, plain_rows, plain_tokens

NUM_ROWS = 40
LABELS = ("no", "yes")


class Judge:
    """Plays the evaluation worker."""

    def __init__(self, *, gain: float = 0.5, tuned_labels: str = "right", loss: float = 4.0) -> None:
        self.gain, self.tuned_labels, self.loss = gain, tuned_labels, loss
        self.orders: list[EvaluateOrder] = []

    def __call__(self, order: Any, _directory: Path) -> EvaluateResult:
        self.orders.append(order)
        noise = [0.01 * (number % 5 - 2) for number in range(NUM_ROWS)]
        splits = tuple(
            ScoredSplit(
                name=name,
                num_tokens=(2,) * NUM_ROWS,
                base_loss=(self.loss,) * NUM_ROWS,
                tuned_loss=tuple(self.loss - self.gain + wobble for wobble in noise),
            )
            for name in order.splits
        )
        labelled = tuple(
            ScoredLabels(name=rows.name, base=("no",) * len(rows.labels), tuned=self._guess(rows.labels))
            for rows in order.labelled
        )
        answer = GeneratedAnswer(text="an answer", num_tokens=2, is_stopped=True)
        answers = (answer,) * len(order.prompts)
        return EvaluateResult(splits=splits, labelled=labelled, base_answers=answers, tuned_answers=answers)

    def _guess(self, labels: tuple[str, ...]) -> tuple[str, ...]:
        return labels if self.tuned_labels == "right" else ("no",) * len(labels)


def splits_of(num_rows: int = NUM_ROWS) -> Any:
    example = plain_tokens()["train"][0]
    return {"train": [example] * 8, "eval": [example] * num_rows, "test": [example] * num_rows}


def classified(scene: Scene) -> Manifest:
    """Three quarters of the rows say no."""

    def rows(split: str, count: int) -> list[dict[str, Any]]:
        return [
            {**row, "label": "yes" if number % 4 == 0 else "no"} for number, row in enumerate(plain_rows(split, count))
        ]

    tokens = splits_of()
    labelled = {name: rows(name, len(examples)) for name, examples in tokens.items()}
    return scene.manifest(tokens, shape="classification", labels=LABELS, rows=labelled)


def evaluate(scene: Scene, manifest: Manifest, **choices: Any) -> Job:
    adapter = scene.adapter(manifest)
    return scene.run_stage(
        "evaluate", EvaluateInputs(**{"adapter_id": adapter.id, "manifest_id": manifest.id, **choices})
    )


def test_a_model_that_gained_on_every_row_is_better(tmp_path: Path) -> None:
    judge = Judge()
    scene = Scene(tmp_path, answering(judge))
    manifest = scene.manifest(splits_of())
    job = evaluate(scene, manifest)
    report = scene.read(EvalReport, job)

    assert report.verdict == "better"
    final = next(loss for loss in report.losses if loss.split == "test")
    assert (final.num_examples, final.num_tokens, final.base) == (NUM_ROWS, 2 * NUM_ROWS, 2.0)
    assert final.delta == pytest.approx(-0.25)
    assert final.interval.low <= final.delta <= final.interval.high < 0
    assert final.base_bits_per_byte == pytest.approx(4.0 / 3 / math.log(2))
    assert [(gate.name, gate.passed) for gate in report.gates] == [("better_than_base", True)]
    assert report.accuracy == ()
    assert scene.reasons(job.run_id) == ["evaluation"]
    assert judge.orders[0].splits.keys() == {"eval", "test"}
    assert "train" not in str(judge.orders[0].splits)


class JudgeOfPairs(Judge):
    """The tuned model prefers the better answers more, by `gain` in the objective, and finds both less likely."""

    def __call__(self, order: Any, directory: Path) -> EvaluateResult:
        result = super().__call__(order, directory)
        lower = tuple(0.69 - self.gain + 0.01 * (number % 5 - 2) for number in range(NUM_ROWS))
        rewards = RewardScores(
            accuracy=0.9, baseline_accuracy=0.5, margin=1.0, margin_low=0.5, margin_high=1.5, baseline_margin=0.0
        )
        judged = tuple(
            JudgedSplit(name=split.name, base_loss=(0.69,) * NUM_ROWS, tuned_loss=lower, rewards=rewards)
            for split in result.splits
        )
        worse = tuple(split.model_copy(update={"tuned_loss": (self.loss + 1.0,) * NUM_ROWS}) for split in result.splits)
        return result.model_copy(update={"judged": judged, "splits": worse})


@pytest.mark.parametrize(
    ("gain", "verdict", "is_passed"), [(0.2, "better", True), (-0.2, "worse", False), (0.0, "cannot tell", False)]
)
def test_the_objective_of_a_preference_mode_decides_and_the_loss_stands_beside_it(
    tmp_path: Path, gain: float, verdict: str, is_passed: bool
) -> None:
    judge = JudgeOfPairs(gain=gain)
    scene = Scene(tmp_path, answering(judge))
    manifest = scene.manifest(splits_of(), shape="preference")
    recipe = Recipe(base_model="tiny", mode="dpo", preference=PreferenceSettings(beta=0.3))
    readiness = scene.readiness(manifest, recipe)
    adapter = scene.adapter(manifest, readiness_id=readiness.id)
    job = scene.run_stage("evaluate", EvaluateInputs(adapter_id=adapter.id, manifest_id=manifest.id))
    report = scene.read(EvalReport, job)

    assert judge.orders[0].judgement == Judgement(
        mode="dpo", settings=recipe.preference, max_seq_len=recipe.data.max_seq_len, seed=recipe.seed
    )
    assert (report.verdict, report.gates[0].passed) == (verdict, is_passed)
    assert "dpo objective" in report.gates[0].sentence
    assert [loss.verdict for loss in report.losses] == ["worse", "worse"]
    final = report.judgements[1]
    assert (final.split, final.mode, final.num_examples) == ("test", "dpo", NUM_ROWS)
    assert final.delta == pytest.approx(-gain)
    assert final.interval.low <= final.delta <= final.interval.high
    assert final.rewards is not None
    assert final.rewards.accuracy == 0.9


def test_the_scores_of_every_row_are_kept(tmp_path: Path) -> None:
    scene = Scene(tmp_path, answering(Judge()))
    report = scene.read(EvalReport, evaluate(scene, scene.manifest(splits_of())))
    path = next(file.path for file in report.files if file.path.endswith("/test.parquet"))
    rows = pq.read_table(scene.shelf.path(path)).to_pylist()
    assert [row["id"] for row in rows] == [f"test-{number}" for number in range(NUM_ROWS)]
    assert rows[0] == {"id": "test-0", "num_tokens": 2, "base_loss": 4.0, "tuned_loss": pytest.approx(3.48)}


@pytest.mark.parametrize(("gain", "verdict"), [(-0.5, "worse"), (0.001, "cannot tell")])
def test_a_model_that_did_not_gain_fails_the_gate_and_its_report_is_kept(
    tmp_path: Path, gain: float, verdict: str
) -> None:
    scene = Scene(tmp_path, answering(Judge(gain=gain)))
    job = evaluate(scene, scene.manifest(splits_of()))
    assert job.status is JobStatus.COMPLETED
    assert scene.read(EvalReport, job).verdict == verdict
    (event,) = scene.events(job.run_id)
    assert (event.reason, event.severity) == ("evaluation_gate_failed", "warning")
    assert [gate["name"] for gate in event.payload["gates"]] == ["better_than_base"]


def test_labels_are_compared_with_the_most_frequent_one_of_train(tmp_path: Path) -> None:
    scene = Scene(tmp_path, answering(Judge()))
    report = scene.read(EvalReport, evaluate(scene, classified(scene)))
    (accuracy,) = report.accuracy
    assert (accuracy.rows, accuracy.num_examples) == ("test", NUM_ROWS)
    assert (accuracy.base, accuracy.tuned, accuracy.majority) == (0.75, 1.0, 0.75)
    assert accuracy.verdict == "better"
    assert all(gate.passed for gate in report.gates)


def test_always_guessing_the_same_does_not_pass_the_majority_gate(tmp_path: Path) -> None:
    scene = Scene(tmp_path, answering(Judge(tuned_labels="majority")))
    job = evaluate(scene, classified(scene))
    report = scene.read(EvalReport, job)
    assert {gate.name: gate.passed for gate in report.gates} == {
        "better_than_base": True,
        "better_than_majority": False,
    }
    assert report.accuracy[0].verdict == "cannot tell"
    assert scene.reasons(job.run_id) == ["evaluation_gate_failed"]


def test_a_file_is_evaluated_beside_the_test_split(tmp_path: Path) -> None:
    judge = Judge()
    scene = Scene(tmp_path, answering(judge))
    manifest = classified(scene)
    extra = extra_dataset(scene, ["yes", "yes", "no"])
    report = scene.read(EvalReport, evaluate(scene, manifest, extra_dataset_id=extra.id))
    assert [(each.rows, each.num_examples) for each in report.accuracy] == [("test", NUM_ROWS), ("file", 3)]
    assert judge.orders[0].allowed_labels == LABELS
    assert judge.orders[0].labelled[1].labels == ("yes", "yes", "no")
    assert judge.orders[0].labelled[1].prompts[0][-1].content == "question 0"


def test_a_file_with_unknown_labels_is_refused(scene: Scene) -> None:
    extra = extra_dataset(scene, ["yes", "maybe"])
    job = evaluate(scene, classified(scene), extra_dataset_id=extra.id)
    assert (job.status, job.reason) == (JobStatus.FAILED, "evaluation_dataset_missing")
    assert "'maybe'" in (job.error or "")
    assert scene.engine.submitted == []


def test_a_file_for_another_task_is_refused(scene: Scene) -> None:
    extra = extra_dataset(scene, ["yes"], shape="qa")
    job = evaluate(scene, classified(scene), extra_dataset_id=extra.id)
    assert (job.status, job.reason) == (JobStatus.FAILED, "evaluation_dataset_missing")
    assert "'qa'" in (job.error or "")


def test_an_adapter_is_not_judged_on_rows_that_may_have_trained_it(scene: Scene) -> None:
    adapter = scene.adapter(scene.manifest())
    other = scene.manifest(seed=7)
    job = scene.run_stage("evaluate", EvaluateInputs(adapter_id=adapter.id, manifest_id=other.id))
    assert (job.status, job.reason) == (JobStatus.FAILED, "evaluation_dataset_missing")
    assert other.id in (job.error or "")


def test_a_missing_adapter_file_is_named_before_a_worker_starts(scene: Scene) -> None:
    manifest = scene.manifest()
    adapter = scene.adapter(manifest)
    scene.shelf.path(adapter.files[1].path).unlink()
    job = scene.run_stage("evaluate", EvaluateInputs(adapter_id=adapter.id, manifest_id=manifest.id))
    assert (job.status, job.reason) == (JobStatus.FAILED, "system_artifact_damaged")
    assert adapter.files[1].path in (job.error or "")
    assert scene.engine.submitted == []


def test_the_first_prompts_of_the_test_split_are_answered_unless_others_are_given(tmp_path: Path) -> None:
    judge = Judge()
    scene = Scene(tmp_path, answering(judge))
    manifest = scene.manifest(splits_of())
    report = scene.read(EvalReport, evaluate(scene, manifest))
    assert [answer.prompt for answer in report.answers] == ["question 0", "question 1", "question 2"]
    report = scene.read(EvalReport, evaluate(scene, manifest, prompts=("What?",)))
    assert [answer.prompt for answer in report.answers] == ["What?"]
    assert judge.orders[1].prompts[0][0].role == "user"


def test_a_prompt_of_the_test_split_is_asked_with_its_tools_and_a_given_one_without(tmp_path: Path) -> None:
    judge = Judge()
    scene = Scene(tmp_path, answering(judge))
    rows = [row | {"tools": "[1]"} for row in plain_rows("test", len(splits_of()["test"]))]
    manifest = scene.manifest(splits_of(), rows={"test": rows})
    evaluate(scene, manifest)
    evaluate(scene, manifest, prompts=("What?",))
    assert [order.prompt_tools for order in judge.orders] == [("[1]",) * 3, (None,)]


def test_a_loss_that_is_no_number_is_not_a_verdict(tmp_path: Path) -> None:
    from brewslm.stages.evaluate.comparison import compare_loss
    from brewslm.stages.evaluate.contract import CONTRACT

    scene = Scene(tmp_path, answering(Judge()))
    manifest = scene.manifest(splits_of())
    report = scene.read(EvalReport, evaluate(scene, manifest))
    scored = ScoredSplit(name="test", num_tokens=(2, 2), base_loss=(1.0, 1.0), tuned_loss=(math.nan, 1.0))
    broken = report.model_copy(update={"losses": (compare_loss(scored, manifest, seed=1),)})
    (finite,) = CONTRACT.after
    found = finite.test(broken, None)  # type: ignore[arg-type]
    assert found is not None
    assert (found.level, found.reason) == ("block", "evaluation_runtime_error")
    assert finite.test(report, None) is None  # type: ignore[arg-type]
