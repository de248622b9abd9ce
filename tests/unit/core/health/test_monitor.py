"""The monitor: deterministic, incremental, bounded; one alert an episode."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brewslm.core.health.monitor import Monitor
from brewslm.core.health.observation import Observation
from brewslm.core.health.report import Alert
from brewslm.core.health.thresholds import EpisodeThresholds, Thresholds
from tests.unit.core.health.corpus.failing import failing_logs
from tests.unit.core.health.corpus.healthy import healthy_logs

numbers = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True), st.floats(0.01, 9.0))
kinds = st.sampled_from(
    ["start", "step", "step", "step", "step", "eval", "checkpoint", "device", "note", "tick", "end"]
)
observations = st.lists(
    st.builds(
        Observation,
        kind=kinds,
        step=st.one_of(st.none(), st.integers(0, 300)),
        time=st.one_of(st.none(), st.floats(0, 1e7)),
        seq=st.one_of(st.none(), st.integers(1, 400)),
        loss=numbers,
        eval_loss=numbers,
        grad_norm=numbers,
        learning_rate=numbers,
        tokens_per_second=numbers,
        utilisation=numbers,
        data_wait=numbers,
        temperature=numbers,
        is_throttled=st.one_of(st.none(), st.booleans()),
        memory_bytes=st.one_of(st.none(), st.integers(0, 1 << 34)),
        memory_limit_bytes=st.one_of(st.none(), st.integers(1, 1 << 34)),
        disk_free_bytes=st.one_of(st.none(), st.integers(0, 1 << 34)),
        num_device_errors=st.one_of(st.none(), st.integers(0, 5)),
        total_steps=st.one_of(st.none(), st.integers(1, 300)),
    ),
    max_size=60,
)


def run(log: list[Observation], *, stops: frozenset[int] = frozenset()) -> tuple[list[str], str]:
    """Judge a log; at each stop the monitor is stored and another one goes on."""
    monitor = Monitor()
    alerts: list[str] = []
    for place, seen in enumerate(log):
        if place in stops:
            monitor = Monitor(state=monitor.state())
        alerts += [alert.model_dump_json() for alert in monitor.feed(seen)]
    return alerts, monitor.verdict().model_dump_json()


@settings(max_examples=120, deadline=None)
@given(observations, st.frozensets(st.integers(0, 60)))
def test_a_monitor_that_is_stored_between_any_two_records_goes_on_as_if_it_had_not_been(
    log: list[Observation], stops: frozenset[int]
) -> None:
    assert run(log, stops=stops) == run(log)


def test_a_restart_after_every_record_of_true_logs_changes_no_byte() -> None:
    logs = [*healthy_logs(5, each=1), *failing_logs(5, each=1)][::6]
    for log in logs:
        seen = list(log.observations)[:150]
        assert run(seen, stops=frozenset(range(len(seen)))) == run(seen), log.name


def test_the_state_does_not_grow() -> None:
    monitor = Monitor()
    sizes = []
    for at in range(6000):
        loss = math.nan if at % 97 == 0 else 2 + math.sin(at) * 0.1 + (5 if at % 131 == 0 else 0)
        monitor.feed(Observation("step", step=at, time=at * 3.0, loss=loss, grad_norm=2.0, tokens_per_second=9.0))
        monitor.feed(Observation("eval", step=at, time=at * 3.0 + 1, eval_loss=2.0 + (at % 7) / 10))
        if at % 2000 == 1999:
            sizes.append(len(monitor.state()))
    assert max(sizes) < 60_000
    assert sizes[-1] < 1.2 * sizes[0]


def spiked(*spikes: int, num: int) -> list[Observation]:
    return [
        Observation("step", step=at, grad_norm=150.0 if at in spikes else 1.0, loss=2 - at / 1000)
        for at in range(1, num)
    ]


def alerts_of(log: list[Observation], **episodes: int) -> list[Alert]:
    monitor = Monitor(Thresholds(episodes=EpisodeThresholds(**episodes)))
    return [alert for seen in log for alert in monitor.feed(seen) if alert.finding.detector == "gradient_norm"]


def test_an_episode_is_told_when_it_begins_and_when_it_is_over() -> None:
    alerts = alerts_of(spiked(20, 21, 23, num=40))
    assert [(one.event, one.finding.onset_step, one.finding.step) for one in alerts] == [
        ("opened", 20, 20),
        ("resolved", 20, 23),
    ]
    assert alerts[1].finding.recovery_step == 28
    assert alerts[1].finding.peak == 150.0


def test_within_the_cool_down_another_episode_is_kept_and_not_told() -> None:
    log = spiked(20, 40, num=200)
    assert [one.event for one in alerts_of(log)] == ["opened", "resolved"]
    monitor = Monitor()
    for seen in log:
        monitor.feed(seen)
    assert [one.onset_step for one in monitor.verdict().recovered if one.detector == "gradient_norm"] == [20, 40]


def test_after_the_cool_down_another_episode_is_told() -> None:
    assert [one.event for one in alerts_of(spiked(20, 80, num=200))] == ["opened", "resolved"] * 2


def test_what_outlasts_the_cool_down_is_told() -> None:
    alerts = alerts_of(spiked(20, *range(40, 120), num=140))
    assert [(one.event, one.finding.onset_step, one.record) for one in alerts][2] == ("opened", 40, 71)


@pytest.mark.parametrize("gap", [1, 20])
def test_an_escalation_passes_the_cool_down(gap: int) -> None:
    log = spiked(20, num=60)
    log[19 + gap] = Observation("step", step=20 + gap, grad_norm=5000.0, loss=2.0)
    alerts = alerts_of(log)
    event = "escalated" if gap == 1 else "opened"
    assert (event, "critical") in [(one.event, one.finding.level) for one in alerts]


def test_the_watch_ends_once_and_says_how() -> None:
    calm, ill = Monitor(), Monitor()
    for at in range(1, 400):
        loss = 3 - math.log(at) / 4
        calm.feed(Observation("step", step=at, loss=loss, total_steps=1000))
        ill.feed(Observation("step", step=at, loss=math.nan if 195 < at < 205 else loss, total_steps=1000))
        if at == 150:
            assert calm.verdict().watch == "watching"
    assert (calm.verdict().watch, ill.verdict().watch) == ("passed", "failed")
