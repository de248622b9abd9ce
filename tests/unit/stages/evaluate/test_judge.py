"""A judge as a metric: wins, ties, losses, agreement with people, and gates that it may not pass by itself."""

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from pydantic import ValidationError

from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.errors import AdvisorError
from brewslm.core.evaluation.judge import AnswerPair, JudgeSettings, LabelledPair, Preference
from brewslm.core.evaluation.pack import EvalGate, EvalPack, EvalTask
from brewslm.core.job import Job, JobStatus
from brewslm.core.wire.result import AskedAnswers, EvaluateResult, GeneratedAnswer
from brewslm.stages.evaluate.contract import EvaluateInputs
from brewslm.stages.evaluate.judge.agreement import agreement_of, standing_of
from tests.unit.scene import Scene, answering
from tests.unit.stages.evaluate.test_stage import NUM_ROWS, Judge, splits_of

SETTINGS = JudgeSettings(url="http://judge.example/v1", model="m", key_env="BREWSLM_JUDGE_KEY", labels="mine")
GATE = EvalGate(id="judged", metric="judge_score", operator="gte", threshold=0.5)
NOT_WORSE = EvalGate(id="not-worse", metric="judge_score", no_worse_than="base")


class Answering(Judge):
    """Answers every row; the answer of the tuned model is longer on three rows of four."""

    def __call__(self, order: Any, directory: Path) -> EvaluateResult:
        def said(number: int, who: str) -> GeneratedAnswer:
            is_long = (number % 4 != 0) == (who == "tuned")
            return GeneratedAnswer(text=f"{who} {number}{'!' * 9 if is_long else ''}", num_tokens=2, is_stopped=True)

        asked = tuple(
            AskedAnswers(
                name=rows.name,
                base=tuple(said(number, "base") for number in range(len(rows.prompts))),
                tuned=tuple(said(number, "tuned") for number in range(len(rows.prompts))),
            )
            for rows in order.asked
        )
        return super().__call__(order, directory).model_copy(update={"asked": asked})


class LikesLong:
    """A judge in memory; `garbles` says of which prompts it makes no verdict, after `limit` calls it is gone."""

    def __init__(self, garbles: str = "nothing", limit: int = 10_000) -> None:
        self.num_calls, self.garbles, self.limit = 0, garbles, limit
        self.seen: list[AnswerPair] = []
        self.lock = threading.Lock()

    def prefer(self, pair: AnswerPair) -> Preference | None:
        with self.lock:
            self.num_calls += 1
            number = self.num_calls
        if number > self.limit:
            raise AdvisorError("The model at http://judge.example/v1 cannot be asked: refused.")
        self.seen.append(pair)
        if re.search(self.garbles, pair.prompt):
            return None
        lengths = pair.first.count("!"), pair.second.count("!")
        return "tie" if lengths[0] == lengths[1] else "first" if lengths[0] > lengths[1] else "second"


def labels(num: int = 60, *, num_wrong: int = 6) -> tuple[LabelledPair, ...]:
    def human(number: int) -> Preference:
        return "first" if (number % 2 == 0) != (number < num_wrong) else "second"

    return tuple(
        LabelledPair(
            prompt=f"label {number}",
            first="good!" if number % 2 == 0 else "bad",
            second="bad" if number % 2 == 0 else "good!",
            human=human(number),
        )
        for number in range(num)
    )


def pack(*gates: EvalGate, **changed: Any) -> EvalPack:
    return EvalPack(
        api_version="brewslm/v1",
        kind="EvalPack",
        name="judged",
        tasks=(EvalTask(id="main", metrics=("loss", "judge_score"), slices=("length",)),),
        gates=gates,
        judge=SETTINGS.model_copy(update=changed),
    )


def evaluate(folder: Path, asked: EvalPack, judge: Any, *, people: tuple[LabelledPair, ...] = ()) -> tuple[Scene, Job]:
    scene = Scene(folder, answering(Answering()))
    manifest = scene.manifest(splits_of())
    adapter = scene.adapter(manifest)
    inputs = EvaluateInputs(adapter_id=adapter.id, manifest_id=manifest.id, pack=asked, judge_labels=people)
    opening: Callable[[JudgeSettings], Any] = judge if not isinstance(judge, LikesLong) else lambda _: judge
    ports = replace(scene.ports, open_judge=opening)
    return scene, scene.runner(ports=ports).run(scene.queue("evaluate", inputs).id)


def test_wins_ties_and_losses_come_with_an_interval(tmp_path: Path) -> None:
    judge = LikesLong()
    scene, job = evaluate(tmp_path, pack(NOT_WORSE, GATE), judge, people=labels())
    report = scene.read(EvalReport, job)
    found = report.judge
    assert (found.num_rows, found.wins, found.ties, found.losses) == (NUM_ROWS, 30, 0, 10)
    assert found.num_calls == judge.num_calls == 2 * (NUM_ROWS + 60)
    metric = report.tasks[0].metric("judge_score")
    assert (metric.base, metric.tuned, metric.delta, metric.verdict) == (0.25, 0.75, 0.5, "better")
    assert 0.0 < metric.interval.low < 0.5 < metric.interval.high < 1.0
    assert found.agreement.share == pytest.approx(0.9)
    assert found.agreement.kappa == pytest.approx(0.8)
    assert found.may_gate
    assert [(gate.name, gate.passed) for gate in report.gates] == [("not-worse", True), ("judged", True)]
    assert scene.reasons(job.run_id) == ["evaluation"]
    assert {pair.prompt for pair in judge.seen} >= {"question 3", "label 3"}


@pytest.mark.parametrize(
    ("people", "seen"),
    [
        (labels(29, num_wrong=0), "label at least 30"),
        (labels(60, num_wrong=25), "its lower end must reach 0.4"),
    ],
)
def test_a_judge_that_does_not_surely_agree_with_people_is_shown_and_passes_nothing(
    tmp_path: Path, people: tuple[LabelledPair, ...], seen: str
) -> None:
    scene, job = evaluate(tmp_path, pack(GATE, NOT_WORSE), LikesLong(), people=people)
    report = scene.read(EvalReport, job)
    assert report.tasks[0].metric("judge_score").tuned == 0.75
    assert [gate.passed for gate in report.gates] == [False, False]
    assert all(seen in gate.seen for gate in report.gates)
    assert scene.reasons(job.run_id) == ["evaluation_gate_failed"]


def unreachable(_settings: JudgeSettings) -> Any:
    raise AdvisorError("The environment variable BREWSLM_JUDGE_KEY is not set; put the judge's key there.")


@pytest.mark.parametrize(
    ("judge", "why"),
    [
        (unreachable, "BREWSLM_JUDGE_KEY is not set"),
        (LikesLong(limit=150), "cannot be asked"),
        (LikesLong(garbles="question [1-9]"), "gave no verdict on 39 of 100 pairs"),
    ],
)
def test_a_judge_that_gives_no_verdict_passes_nothing(tmp_path: Path, judge: Any, why: str) -> None:
    scene, job = evaluate(tmp_path, pack(GATE, NOT_WORSE), judge, people=labels())
    assert job.status is JobStatus.COMPLETED
    report = scene.read(EvalReport, job)
    assert report.tasks[0].missing == ("judge_score",)
    assert [gate.passed for gate in report.gates] == [False, False]
    assert all(why in gate.seen for gate in report.gates)
    assert why in report.judge.problem
    assert not report.judge.may_gate
    assert scene.reasons(job.run_id) == ["evaluation_judge_unavailable", "evaluation_gate_failed"]


def test_rows_and_calls_are_bounded(tmp_path: Path) -> None:
    for folder, changed, num_rows in (("rows", {"rows": 7}, 7), ("calls", {"max_calls": 2 * 60 + 11}, 5)):
        (tmp_path / folder).mkdir()
        scene, job = evaluate(tmp_path / folder, pack(**changed), LikesLong(), people=labels())
        report = scene.read(EvalReport, job)
        assert (report.judge.num_rows, report.tasks[0].metric("judge_score").num_examples) == (num_rows, num_rows)


def test_a_budget_that_does_not_suffice_for_the_labels_is_refused_before_anything_runs(tmp_path: Path) -> None:
    judge = LikesLong()
    _, job = evaluate(tmp_path, pack(max_calls=100), judge, people=labels())
    assert job.status is JobStatus.FAILED
    assert "take 122 calls, more than 100" in (job.error or "")
    assert judge.num_calls == 0


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"judge": None}, "no judge is named"),
        ({"tasks": (EvalTask(id="main", metrics=("loss",)),), "gates": ()}, "no task measures judge_score"),
        ({"tasks": (EvalTask(id="main", metrics=("judge_score",)),)}, "begin with a metric that needs no judge"),
        ({"gates": (EvalGate(id="g", metric="judge_score", no_worse_than="last_release"),)}, "with the last release"),
        ({"judge": SETTINGS.model_copy(update={"labels": None})}, "it may gate nothing"),
    ],
)
def test_a_pack_that_a_judge_does_not_fit_is_refused(changed: dict[str, Any], problem: str) -> None:
    whole = pack(GATE)
    with pytest.raises(ValidationError, match=problem):
        EvalPack(**{**{name: getattr(whole, name) for name in EvalPack.model_fields}, **changed})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "ftp://x/v1"),
        ("url", "https://me:secret@x/v1"),
        ("url", "https://x/v1?key=secret"),
        ("url", "https:///v1"),
        ("key_env", "AWS_SECRET_ACCESS_KEY"),
        ("key_env", "PATH"),
    ],
)
def test_an_address_with_a_secret_and_a_variable_that_is_not_for_judges_are_refused(field: str, value: str) -> None:
    with pytest.raises(ValidationError, match=field):
        JudgeSettings.model_validate({"url": "http://x/v1", "model": "m", field: value})


def cohen(judged: list[Preference], human: list[Preference]) -> float:
    """Cohen's kappa, straight from the definition."""
    words: tuple[Preference, ...] = ("first", "second", "tie")
    size = len(judged)
    seen = sum(one == other for one, other in zip(judged, human, strict=True)) / size
    chance = sum(judged.count(word) * human.count(word) for word in words) / size**2
    return (seen - chance) / (1 - chance)


def test_kappa_is_cohens() -> None:
    generator = np.random.default_rng(3)
    words: tuple[Literal["first", "second", "tie"], ...] = ("first", "second", "tie")
    for size in (10, 60):
        human: list[Preference] = [words[place] for place in generator.integers(0, 3, size)]
        judged: list[Preference] = [one if generator.random() < 0.6 else "tie" for one in human]
        found = agreement_of(judged, human, seed=1)
        assert found.kappa == pytest.approx(cohen(judged, human))
        assert found.interval.low < found.kappa < found.interval.high


def test_always_the_same_word_is_no_agreement() -> None:
    found = agreement_of(["first"] * 40, ["first"] * 40, seed=1)
    assert (found.share, found.kappa) == (1.0, 0.0)
    assert not standing_of(found, 0.4)[0]
    assert not standing_of(None, 0.0)[0]
