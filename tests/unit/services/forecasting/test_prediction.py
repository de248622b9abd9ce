"""Forecasts: what a probe saw decides, doubt stays visible, and what came is counted."""

from datetime import UTC, datetime
from typing import Any

import pytest

from brewslm.core.artifacts.outlook.forecast import Forecast, LossRange
from brewslm.core.ids import ArtifactId, ExperimentId, JobId
from brewslm.services.forecasting.book import ForecastView, calibration_of
from brewslm.services.forecasting.prediction import FIRST_STEPS, Planned, Seen, chance_of, outlook_of, predict_loss

COUNT = 40


def seen(*, gain: float, spread: float = 0.5, hits: int | None = None, prior_loss: float = 20.0) -> Seen:
    base = [10.0 + number % 3 for number in range(COUNT)]
    probed = [loss - gain - (spread if number % 2 else -spread) for number, loss in enumerate(base)]
    is_labelled = hits is not None
    return Seen(
        base_losses=base,
        probed_losses=probed,
        num_tokens=[5] * COUNT,
        hits=[number < (hits or 0) for number in range(COUNT)] if is_labelled else None,
        majority_hits=[number % 10 == 9 for number in range(COUNT)] if is_labelled else None,
        prior_loss=prior_loss if is_labelled else None,
    )


def plan(*, total_steps: int = 80, num_test_rows: int = 40) -> Planned:
    return Planned(probe_steps=20, total_steps=total_steps, num_train_rows=300, num_test_rows=num_test_rows)


def test_the_loss_falls_on_as_the_power_that_the_probe_shows() -> None:
    one = seen(gain=4.0)
    assert predict_loss(one, plan(total_steps=20)).expected == pytest.approx(one.base_loss - 4.0 / 5)
    exponent = 0.5
    fallen = [loss * (1 + 20 / FIRST_STEPS) ** -exponent for loss in one.base_losses]
    other = Seen(one.base_losses, fallen, one.num_tokens, None, None, None)
    expected = one.base_loss * (1 + 80 / FIRST_STEPS) ** -exponent
    assert predict_loss(other, plan(total_steps=80)).expected == pytest.approx(expected)


def test_the_interval_holds_what_is_expected_and_is_wider_without_a_probe() -> None:
    probed = predict_loss(seen(gain=1.0), plan())
    assert probed.low < probed.expected < probed.high
    blind = predict_loss(Seen([10.0] * COUNT, None, [5] * COUNT, None, None, None), plan())
    assert blind.high - blind.low > probed.high - probed.low


def test_a_probe_that_gains_nothing_is_unlikely_to_pass() -> None:
    assert outlook_of(chance_of(seen(gain=2.0), plan())) == "likely"
    assert outlook_of(chance_of(seen(gain=0.0), plan())) == "unlikely"
    assert outlook_of(chance_of(seen(gain=-1.0), plan())) == "unlikely"


def test_a_gain_that_few_test_rows_can_hardly_show_is_less_certain() -> None:
    few, many = (chance_of(seen(gain=0.3), plan(num_test_rows=count)) for count in (4, 400))
    assert few < many


def test_a_loss_that_falls_while_no_label_is_learnt_does_not_pass() -> None:
    """Shuffled labels: the model learns their spelling, and nothing else."""
    learnt = chance_of(seen(gain=6.0, hits=30, prior_loss=8.0), plan())
    shuffled = chance_of(seen(gain=6.0, hits=4, prior_loss=2.5), plan())
    assert outlook_of(learnt) == "likely"
    assert outlook_of(shuffled) == "unlikely"


def view(probability: float, *, loss: float | None, passed: bool | None) -> ForecastView:
    forecast = Forecast(
        readiness_id=ArtifactId("readiness-0"),
        manifest_id=ArtifactId("manifest-0"),
        base_model="tiny",
        outlook=outlook_of(probability),
        probability=probability,
        base_loss=2.0,
        loss=LossRange(low=1.0, expected=1.2, high=1.5),
        probe_steps=10,
        total_steps=40,
        num_rows=20,
        facts=(),
    )
    return ForecastView(
        id=forecast.id,
        job_id=JobId(1),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        forecast=forecast,
        experiment_id=None if loss is None else ExperimentId(1),
        eval_loss=loss,
        is_inside=None if loss is None else 1.0 <= loss <= 1.5,
        passed=passed,
    )


def test_calibration_counts_what_came() -> None:
    views: tuple[Any, ...] = (
        view(0.9, loss=1.1, passed=True),
        view(0.8, loss=1.7, passed=False),
        view(0.1, loss=1.4, passed=False),
        view(0.5, loss=None, passed=None),
    )
    found = calibration_of(views)
    assert (found.num_ended, found.num_inside, found.num_judged) == (3, 2, 3)
    assert found.brier_score == pytest.approx((0.01 + 0.64 + 0.01) / 3)
    assert found.passed_of == {"likely": (1, 2), "borderline": (0, 0), "unlikely": (0, 1)}
