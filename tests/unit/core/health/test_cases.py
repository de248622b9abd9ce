"""The cases that bit others."""

import math
from collections.abc import Iterable
from dataclasses import replace

import pytest

from brewslm.core.health.monitor import Monitor
from brewslm.core.health.observation import Observation
from brewslm.core.health.report import Alert, Verdict

NAN = math.nan


def step(at: int, loss: float | None = 2.0, **more: float) -> Observation:
    return replace(Observation("step", step=at, loss=loss, grad_norm=1.0), **more)


def falling(num: int, *, first: int = 1) -> list[Observation]:
    return [step(at, 1.5 + 1.5 / math.sqrt(at) + 0.02 * math.sin(7 * at)) for at in range(first, first + num)]


def judged(observations: Iterable[Observation]) -> tuple[list[Alert], Verdict]:
    monitor = Monitor()
    return [alert for seen in observations for alert in monitor.feed(seen)], monitor.verdict()


def told(observations: Iterable[Observation]) -> list[tuple[str, str, int | None]]:
    alerts, _ = judged(observations)
    return [(alert.event, alert.finding.detector, alert.finding.step) for alert in alerts]


def test_a_loss_of_0_with_a_nan_gradient_is_not_finite_at_once_and_zero_at_the_second() -> None:
    masked = [step(at, 0.0, grad_norm=NAN) for at in range(31, 40)]
    alerts, verdict = judged([*falling(30), *masked])
    assert [(one.event, one.finding.detector, one.finding.onset_step) for one in alerts][:2] == [
        ("opened", "non_finite", 31),
        ("opened", "zero_loss", 32),
    ]
    assert alerts[0].finding.evidence == {"grad_norm": "nan"}
    assert verdict.verdict == "critical"


def test_one_loss_of_0_is_no_trouble() -> None:
    assert "zero_loss" not in {name for _, name, _ in told([*falling(30), step(31, 0.0), *falling(30, first=32)])}


def test_one_nan_then_normal_is_one_episode_that_ends() -> None:
    alerts, verdict = judged([*falling(20), step(21, NAN), *falling(40, first=22)])
    assert [(one.event, one.finding.detector) for one in alerts] == [
        ("opened", "non_finite"),
        ("resolved", "non_finite"),
    ]
    assert alerts[1].finding.recovery_step == 31
    assert verdict.verdict == "ok"
    assert [one.onset_step for one in verdict.recovered] == [21]


def test_nans_in_the_window_hide_no_spike_behind_them() -> None:
    holes = [step(at, NAN if at % 3 == 0 else one.loss) for at, one in enumerate(falling(80), start=1)]
    assert ("opened", "spike", 81) in told([*holes, step(81, 9.0)])


def test_the_numbers_told_are_finite_whatever_comes() -> None:
    odd = [step(at, [NAN, math.inf, -math.inf, 1e308, -3.0, 0.0][at % 6], grad_norm=1e300) for at in range(1, 200)]
    alerts, verdict = judged(odd)
    for one in [*(alert.finding for alert in alerts), *verdict.findings]:
        assert all(math.isfinite(number) for number in (one.value, one.limit, one.peak))


def test_a_spike_at_record_3_is_seen_and_does_not_become_the_track() -> None:
    log = falling(90)
    log[2] = replace(log[2], loss=30.0)
    log[69] = replace(log[69], loss=5.0)
    assert [one for one in told(log) if one[0] == "opened"] == [("opened", "spike", 3), ("opened", "spike", 70)]


def test_a_flat_series_with_a_tiny_change_is_no_spike() -> None:
    flat = [step(at, 2.0 if at != 70 else 2.02) for at in range(1, 80)]
    assert "spike" not in {name for _, name, _ in told(flat)}


def test_a_flat_series_is_told_as_not_learning_and_as_nothing_else() -> None:
    alerts, verdict = judged(step(at, 2.0) for at in range(1, 1400))
    assert {one.finding.detector for one in alerts} == {"not_learning", "plateau"}
    assert verdict.verdict == "warning"


def test_a_slow_drift_is_found_by_the_frozen_level_although_no_record_leaves_the_track() -> None:
    drift = [step(200 + at, 1.6 + 0.003 * at + 0.02 * math.sin(7 * at)) for at in range(400)]
    alerts, verdict = judged([*falling(200), *drift])
    opened = {one.finding.detector for one in alerts if one.event == "opened"}
    assert "divergence" in opened
    assert "spike" not in opened
    assert verdict.verdict == "critical"


def test_steps_that_go_back_after_a_told_resume_are_no_trouble() -> None:
    resumed = [Observation("start", attempt=2, resumed_from_step=50), *falling(60, first=51)]
    assert told([Observation("start", attempt=1), *falling(80), *resumed]) == []


def test_steps_that_go_back_without_a_word_are_told_once_and_end_where_new_ground_begins() -> None:
    again = [replace(one, loss=(one.loss or 0) + 1e-6) for one in falling(60, first=51)]
    assert told([*falling(80), *again]) == [("opened", "step_order", 51), ("resolved", "step_order", 51)]


def test_a_restart_from_the_beginning_is_no_divergence() -> None:
    again = [Observation("start", attempt=2), *(replace(one, loss=(one.loss or 0) + 1e-6) for one in falling(60))]
    assert told([*falling(200), *again]) == []


@pytest.mark.parametrize("has_numbers", [True, False])
def test_repeated_frames_change_nothing(has_numbers: bool) -> None:
    log = [*falling(40), step(41, NAN), *falling(30, first=42)]
    log[30] = replace(log[30], loss=9.0)
    if has_numbers:
        log = [replace(one, seq=number) for number, one in enumerate(log, start=1)]
    doubled = [copy for at, one in enumerate(log) for copy in [one] * (3 if at % 4 == 0 else 1)]
    once, twice = judged(log), judged(doubled)
    assert twice[0] == once[0]
    assert twice[1].num_repeated == len(doubled) - len(log)
    assert twice[1].model_copy(update={"num_repeated": 0}) == once[1]


def test_a_page_of_the_journal_that_is_read_again_tells_nothing_again() -> None:
    log = [replace(one, seq=number) for number, one in enumerate([*falling(30), step(31, NAN)], start=1)]
    monitor = Monitor()
    first = [alert for one in log for alert in monitor.feed(one)]
    assert first
    assert [alert for one in log[10:] for alert in monitor.feed(one)] == []


def test_without_any_loss_nothing_is_known() -> None:
    assert judged([])[1].verdict == "unknown"
    assert judged([Observation("start"), Observation("note", time=1.0)])[1].verdict == "unknown"


def test_the_last_step_and_the_word_of_the_writer_both_finish() -> None:
    assert judged([Observation("start", total_steps=40), *falling(40)])[1].verdict == "finished"
    assert judged([*falling(40), Observation("end")])[1].verdict == "finished"
    assert judged([*falling(40), step(41, NAN), Observation("end")])[1].verdict == "critical"
