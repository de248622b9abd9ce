"""What a person reads: every number with what it is, nothing measured that was not, nothing that steers."""

import io
from collections.abc import Iterable

import pytest
from rich.console import Console, RenderableType

from brewslm.cli.render.data import accounting
from brewslm.cli.render.release.optimization import optimization_page
from brewslm.cli.render.training import adapter_page, evaluation_page, failed_gates, plan_page
from brewslm.cli.session import print_parts
from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.base import Tally
from brewslm.core.artifacts.eval_report import (
    AccuracyComparison,
    Answer,
    EvalReport,
    GateOutcome,
    LossComparison,
)
from brewslm.core.artifacts.optimization import Candidate, Optimization
from brewslm.core.artifacts.readiness import Estimate, TrainPlan
from brewslm.core.evaluation.interval import Interval
from brewslm.core.ids import ArtifactId, ExperimentId
from brewslm.core.recipe.recipe import Recipe, ValueSource
from brewslm.core.wire.progress import RewardScores

LOSS = LossComparison(
    split="test",
    num_examples=82,
    num_tokens=4100,
    base=2.5,
    tuned=2.0,
    delta=-0.5,
    interval=Interval(low=-0.6, high=-0.4),
    base_bits_per_byte=1.1,
    tuned_bits_per_byte=0.9,
    verdict="better",
)
ACCURACY = AccuracyComparison(
    rows="banking77/test.csv",
    num_examples=3080,
    base=0.013,
    tuned=0.74,
    majority=0.0143,
    delta=0.727,
    interval=Interval(low=0.71, high=0.74),
    verdict="better",
)
REPORT = EvalReport(
    adapter_id=ArtifactId("adapter-1"),
    manifest_id=ArtifactId("manifest-1"),
    losses=(LOSS,),
    accuracy=(ACCURACY,),
    answers=(Answer(prompt="Hi \x1b[2J", base="[bold]no[/bold] markup", tuned="fine\u202e"),),
    gates=(GateOutcome(name="better_than_base", sentence="It is better.", passed=False, seen="it is not"),),
    verdict="cannot tell",
)


def printed(parts: Iterable[RenderableType], *, width: int = 100) -> str:
    stream = io.StringIO()
    print_parts(Console(file=stream, width=width, force_terminal=False, markup=False), *parts)
    return stream.getvalue()


def test_an_evaluation_shows_base_tuned_interval_majority_and_verdict() -> None:
    page = printed(evaluation_page(REPORT), width=120)
    for words in ("2.5000", "2.0000", "−0.6000 to −0.4000", "1.4%", "74.0%", "failed", "not certainly better or worse"):
        assert words in page


@pytest.mark.parametrize("has_interval", [True, False])
def test_a_training_on_judgements_shows_accuracy_and_margin_beside_the_base(has_interval: bool) -> None:
    rewards = RewardScores(
        accuracy=0.78,
        accuracy_low=0.71 if has_interval else None,
        accuracy_high=0.84 if has_interval else None,
        baseline_accuracy=0.5,
        margin=0.42,
        margin_low=0.3,
        margin_high=0.54,
        baseline_margin=0.0,
    )
    adapter = Adapter(
        manifest_id=ArtifactId("manifest-1"),
        readiness_id=ArtifactId("readiness-1"),
        experiment_id=ExperimentId(1),
        base_model="tiny",
        folder="x",
        step=4,
        total_steps=6,
        base_eval_loss=0.6931,
        eval_loss=0.52,
        final_train_loss=0.5,
        rewards=rewards,
    )
    page = printed(adapter_page(adapter))
    assert ("95 % interval 71.0% to 84.0%" in page) is has_interval
    for words in ("78.0% (base 50.0%", "+0.4200 (base", "+0.3000 to +0.5400"):
        assert words in page
    plain = printed(adapter_page(adapter.model_copy(update={"rewards": None})))
    assert "reward" not in plain


def test_answers_are_shown_as_text_and_nothing_more() -> None:
    page = printed(evaluation_page(REPORT))
    assert "\\x1b[2J" in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "[bold]no[/bold] markup" in page


def test_failed_gates_are_named_in_one_line() -> None:
    assert failed_gates(REPORT.gates) == "gate better_than_base failed: it is not"
    assert failed_gates(()) == ""


def test_what_was_not_measured_is_said() -> None:
    optimization = Optimization(
        bundle_id=ArtifactId("bundle-1"),
        device="mobile_iphone15",
        device_memory_bytes=None,
        device_source="nobody knows",
        runtime="transformers",
        candidates=(
            Candidate(
                dtype="float32",
                weight_bytes=23_000_000,
                loss=2.0,
                tokens_per_second_here=123.4,
                kv_cache_bytes=1_000_000,
                memory_bytes=24_000_000,
                fits=None,
            ),
        ),
        recommended=None,
        reason="no form fits",
    )
    page = printed(optimization_page(optimization), width=120)
    assert "not estimated" in page
    assert "not known" in page
    assert " 0 " not in page


def test_a_plan_names_sources_and_marks_what_is_estimated() -> None:
    known = Estimate(low=5e8, expected=9e8, high=1.6e9, unit="bytes", basis="weights and activations")
    unknown = Estimate(low=None, expected=None, high=None, unit="seconds", basis="not measured on this GPU yet")
    plan = TrainPlan(
        recipe=Recipe(base_model="brewslm-tiny-v1"),
        sources={"optim.learning_rate": ValueSource(value=0.002, source="autopilot", reason="small model")},
        num_trained_tokens=1000,
        memory=known,
        disk=known,
        time=unknown,
    )
    page = printed(plan_page(plan))
    for words in ("optim.learning_rate", "0.002", "autopilot", "small model", "estimated", "900.0 MB", "not known"):
        assert words in page


@pytest.mark.parametrize("width", [80, 120])
def test_pages_fit_their_terminal_and_leave_no_trailing_spaces(width: int) -> None:
    lines = printed(evaluation_page(REPORT), width=width).splitlines()
    assert all(len(line) <= width and line == line.rstrip() for line in lines)


def test_every_row_is_in_a_bucket() -> None:
    tally = Tally(total=842, accepted=829, repaired=2, rejected=11)
    page = printed([accounting(tally, {"wrong_type": 4, "missing_field": 7, "none_of_this": 0}, {"whitespace": 2})])
    assert "842 rows in = 829 accepted + 2 repaired + 11 rejected" in page
    assert page.index("missing_field") < page.index("wrong_type")
    assert "none_of_this" not in page
