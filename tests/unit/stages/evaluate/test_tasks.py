"""What a pack asks for: metrics of rows, slices with the worst named, failing rows, gates, and the probe."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.core.evaluation.pack import EvalGate, EvalPack, EvalTask
from brewslm.core.wire.order import EvaluateOrder
from brewslm.core.wire.result import (
    AskedAnswers,
    EvaluateResult,
    GeneratedAnswer,
    ScoredLabels,
    ScoredSplit,
    TextLosses,
)
from brewslm.stages.evaluate.conditions import Accepted, Judged, against
from brewslm.stages.evaluate.contract import EvaluateInputs
from brewslm.stages.evaluate.probe.instructions import INSTRUCTIONS
from brewslm.stages.evaluate.probe.texts import TEXTS
from brewslm.stages.evaluate.tasks import report_on
from tests.unit.scene import Scene, answering, plain_rows, plain_tokens

SEED = 5


def pack_of(*gates: EvalGate, metrics: tuple[Any, ...] = ("accuracy", "loss"), **changed: Any) -> EvalPack:
    task = EvalTask(id="main", metrics=metrics, **changed)
    return EvalPack(api_version="brewslm/v1", kind="EvalPack", name="p", tasks=(task,), gates=gates)


def rows_of(num_rows: int = 60, *, tuned_right: float = 0.9, base_right: float = 0.5) -> list[ScoredRow]:
    """Rows of two labels; the tuned model errs on `rare` only."""
    rows = []
    for number in range(num_rows):
        label = "rare" if number % 4 == 0 else "common"
        tuned = label if label == "common" or number % 40 >= 40 * (1 - tuned_right) else "common"
        base = label if number % 10 < 10 * base_right else "other"
        rows.append(
            ScoredRow(
                id=f"r{number}",
                num_tokens=2,
                num_bytes=5,
                prompt="p" * (1 + number % 30),
                expected=label,
                label=label,
                base_loss=4.0,
                tuned_loss=3.0 + 0.1 * (number % 5),
                base_label=base,
                tuned_label=tuned,
            )
        )
    return rows


def outcomes(pack: EvalPack, rows: list[ScoredRow], accepted: list[ScoredRow] | None = None) -> dict[str, Any]:
    def reported(own: list[ScoredRow]) -> Any:
        return report_on(pack.tasks[0], own, ("common", "rare"), gates=pack.gates, seed=SEED)[0]

    before = None if accepted is None else Accepted({"main": reported(accepted)}, {"main": accepted})
    judged = Judged(pack, {"main": reported(rows)}, {"main": rows}, ("common", "rare"), before, SEED)
    return {one.name: one for one in judged.outcomes()}


def gate(name: str, metric: Any = "accuracy", **changed: Any) -> EvalGate:
    return EvalGate(id=name, metric=metric, **changed)


def test_the_worst_slice_is_named_and_failing_rows_are_marked() -> None:
    report, marked = report_on(pack_of().tasks[0], rows_of(), (), seed=SEED)
    assert report.worst_slice == "label=rare"
    assert {one.slice for one in report.slices} >= {"label=rare", "label=common", "length=short", "length=long"}
    failing = [row for row in marked if row.is_failing]
    assert failing
    assert report.num_failing == len(failing)
    assert all(row.label == "rare" and row.tuned_label == "common" for row in failing)
    confused = {(one.label, one.guess): one.tuned for one in report.confusions}
    assert confused["rare", "common"] == len(failing)
    assert {one.label: one.tuned_recall for one in report.classes}["common"] == 1.0


def test_a_metric_that_no_row_has_is_missing_and_its_gate_is_not_met() -> None:
    pack = pack_of(gate("g", "chrf", operator="gte", threshold=0.0), metrics=("accuracy", "chrf"))
    report, _ = report_on(pack.tasks[0], rows_of(), (), seed=SEED)
    assert report.missing == ("chrf",)
    found = outcomes(pack, rows_of())["g"]
    assert not found.passed
    assert "was not measured" in found.seen


@pytest.mark.parametrize(
    ("operator", "threshold", "passed"), [("gte", 0.8, True), ("gte", 0.99, False), ("lte", 0.8, False)]
)
def test_a_threshold_is_compared_with_the_figure(operator: Any, threshold: float, passed: bool) -> None:
    assert outcomes(pack_of(gate("g", operator=operator, threshold=threshold)), rows_of())["g"].passed is passed


def test_a_gate_may_look_at_one_slice() -> None:
    pack = pack_of(
        gate("all", operator="gte", threshold=0.9),
        gate("rare", operator="gte", threshold=0.9, slice="label=rare"),
        gate("none", operator="gte", threshold=0.0, slice="label=nowhere"),
    )
    found = outcomes(pack, rows_of(tuned_right=0.9))
    assert (found["all"].passed, found["rare"].passed, found["none"].passed) == (True, False, False)


def test_worse_than_the_base_beyond_noise_is_not_met_and_within_noise_is() -> None:
    pack = pack_of(gate("g", no_worse_than="base"))
    worse = [
        replace(row, tuned_label="other") if number < 12 else replace(row, base_label=row.label)
        for number, row in enumerate(rows_of(base_right=1.0))
    ]
    hardly = [
        replace(row, base_label=row.label, tuned_label="other" if number == 1 else row.label)
        for number, row in enumerate(rows_of())
    ]
    assert not outcomes(pack, worse)["g"].passed
    assert outcomes(pack, hardly)["g"].passed


@pytest.mark.parametrize(("num_lost", "margin", "passed"), [(2, 0.0, True), (15, 0.0, False), (15, 0.4, True)])
def test_worse_than_the_last_release_is_not_met_only_beyond_noise_and_margin(
    num_lost: int, margin: float, passed: bool
) -> None:
    before = [replace(row, tuned_label=row.label) for row in rows_of()]
    after = [replace(row, tuned_label="other") if number < num_lost else row for number, row in enumerate(before)]
    found = outcomes(pack_of(gate("g", no_worse_than="last_release", margin=margin)), after, before)["g"]
    assert found.passed is passed
    assert "same rows" in found.seen


def test_other_rows_are_compared_by_their_intervals() -> None:
    before = [replace(row, id=f"old{row.id}", tuned_label=row.label) for row in rows_of()]
    after = [replace(row, tuned_label="other") if number % 3 else row for number, row in enumerate(rows_of())]
    pack = pack_of(gate("g", no_worse_than="last_release"))
    assert against(after, before) is None
    found = outcomes(pack, after, before)["g"]
    assert not found.passed
    assert "other rows" in found.seen
    assert outcomes(pack, [replace(row, tuned_label=row.label) for row in rows_of()], before)["g"].passed


def test_the_first_release_has_none_to_be_worse_than() -> None:
    found = outcomes(pack_of(gate("g", no_worse_than="last_release")), rows_of())["g"]
    assert found.passed
    assert "nothing was released yet" in found.seen


def test_many_gates_together_are_adjusted() -> None:
    """Six rows lost, and none won, are one chance in 64: beyond noise for one question, not for eight."""
    rows = [
        replace(row, base_label=row.label, tuned_label="other" if number < 6 else row.label)
        for number, row in enumerate(rows_of())
    ]
    alone = outcomes(pack_of(gate("g", no_worse_than="base")), rows)
    many = outcomes(pack_of(*(gate(f"g{number}", no_worse_than="base") for number in range(8))), rows)
    assert not alone["g"].passed
    assert all(one.passed for one in many.values())


class Worker:
    """Answers what it is asked: the tuned model says what is expected, the base says it in other words."""

    def __init__(self) -> None:
        self.orders: list[EvaluateOrder] = []

    def __call__(self, order: Any, _directory: Path) -> EvaluateResult:
        self.orders.append(order)

        def said(texts: list[str]) -> tuple[GeneratedAnswer, ...]:
            return tuple(GeneratedAnswer(text=text, num_tokens=2, is_stopped=True, seconds=0.5) for text in texts)

        asked = []
        for one in order.asked:
            right = [prompt[-1].content.replace("question", "answer") for prompt in one.prompts]
            asked.append(AskedAnswers(name=one.name, base=said([f"well, {text}" for text in right]), tuned=said(right)))
        splits = tuple(
            ScoredSplit(name=name, num_tokens=(2,) * 12, base_loss=(4.0,) * 12, tuned_loss=(3.0,) * 12)
            for name in order.splits
        )
        labelled = tuple(ScoredLabels(name=one.name, base=one.labels, tuned=one.labels) for one in order.labelled)
        texts = TextLosses(base=(9.0,) * len(order.texts), tuned=(9.5,) * len(order.texts)) if order.texts else None
        few = said(["hello"] * len(order.prompts))
        return EvaluateResult(
            splits=splits, labelled=labelled, base_answers=few, tuned_answers=few, asked=tuple(asked), texts=texts
        )


def test_a_pack_is_carried_out_row_by_row(tmp_path: Path) -> None:
    worker = Worker()
    scene = Scene(tmp_path, answering(worker))
    example = plain_tokens()["train"][0]
    manifest = scene.manifest(
        {"train": [example] * 8, "eval": [example] * 12, "test": [example] * 12},
        rows={name: plain_rows(name, 12) for name in ("eval", "test")},
    )
    pack = pack_of(
        gate("g", "exact_match", operator="gte", threshold=0.9),
        metrics=("exact_match", "token_f1", "rouge_l", "chrf", "loss", "tokens_per_second"),
        sample=6,
    ).model_copy(update={"general_probe": True})
    adapter = scene.adapter(manifest)
    inputs = EvaluateInputs(adapter_id=adapter.id, manifest_id=manifest.id, pack=pack)
    report = scene.read(EvalReport, scene.run_stage("evaluate", inputs))

    main, probe = worker.orders[0].asked
    assert [prompt[-1].content for prompt in main.prompts] == [f"question {number}" for number in (0, 2, 4, 6, 8, 10)]
    assert len(probe.prompts) == len(INSTRUCTIONS)
    assert worker.orders[0].texts == TEXTS
    (task,) = report.tasks
    assert (task.num_rows, task.num_answered, task.num_failing) == (12, 6, 0)
    exact = task.metric("exact_match")
    assert exact is not None
    assert (exact.base, exact.tuned, exact.num_examples) == (0.0, 1.0, 6)
    assert exact.verdict == "better"
    assert [(one.name, one.passed) for one in report.gates] == [("g", True)]
    assert report.probe is not None
    assert report.probe.verdict == "worse"
    assert report.pack == pack
    path = next(file.path for file in report.files if file.path.endswith("/rows-main.parquet"))
    kept = list(scene.ports.tables.each(scene.shelf.path(path), ScoredRow))
    assert (kept[0].base_answer, kept[0].tuned_answer, kept[1].tuned_answer) == ("well, answer 0", "answer 0", None)
    assert (kept[0].num_bytes, kept[0].expected, kept[0].tuned_seconds) == (3, "answer 0", 0.5)


def test_the_probe_tells_an_instruction_that_is_followed_from_one_that_is_not() -> None:
    right = {0: "Yes.", 5: "7", 15: '{"name": "Ada"}', 18: "- a\n- b\n- c", 23: "“tea”"}
    for number, answer in right.items():
        assert INSTRUCTIONS[number].is_followed(answer), INSTRUCTIONS[number].prompt
        assert not INSTRUCTIONS[number].is_followed(f"Sure, here you are: {answer}")
    assert len(TEXTS) == len(set(TEXTS)) == 24
