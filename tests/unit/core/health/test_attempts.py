"""What a new attempt ends, what a comparison with the base says, and what is measured at all."""

from brewslm.core.health.monitor import Monitor
from brewslm.core.health.observation import Observation
from brewslm.core.health.report import Alert


def feed(monitor: Monitor, *log: Observation) -> list[Alert]:
    return [alert for seen in log for alert in monitor.feed(seen)]


def steps(first: int, last: int, **fields: float) -> list[Observation]:
    return [Observation("step", step=at, total_steps=400, **{"loss": 2.0, **fields}) for at in range(first, last + 1)]  # type: ignore[arg-type]


def told(alerts: list[Alert]) -> list[tuple[str, str]]:
    return [(alert.event, alert.finding.detector) for alert in alerts]


def test_a_new_attempt_ends_what_was_the_matter_with_the_weights_and_nothing_else() -> None:
    monitor = Monitor()
    full = {"memory_bytes": 97, "memory_limit_bytes": 100}
    alerts = feed(monitor, Observation("start", attempt=1), *steps(1, 30), *steps(31, 33, grad_norm=5e3, **full))
    assert set(told(alerts)) == {("opened", "gradient_norm"), ("opened", "memory")}
    alerts = feed(monitor, Observation("start", attempt=2, resumed_from_step=20))
    assert told(alerts) == [("resolved", "gradient_norm")]
    assert alerts[0].finding.recovery_step == 20
    assert [finding.detector for finding in monitor.verdict().findings] == ["memory"]
    assert monitor.verdict().attempt == 2


def test_what_comes_again_in_the_new_attempt_is_told_again_at_once() -> None:
    monitor = Monitor()
    feed(monitor, Observation("start", attempt=1), *steps(1, 30), *steps(31, 33, grad_norm=5e3))
    alerts = feed(monitor, Observation("start", attempt=2), *steps(21, 25), *steps(26, 27, grad_norm=5e3))
    assert told(alerts) == [("resolved", "gradient_norm"), ("opened", "gradient_norm")]


def compared(at: int, low: float) -> Observation:
    return Observation("eval", step=at, eval_loss=2.0, eval_delta_low=low)


def test_only_after_half_of_the_steps_being_worse_than_the_base_is_a_matter_of_design() -> None:
    monitor = Monitor()
    assert not feed(monitor, *steps(1, 20), *[compared(at, 0.1) for at in (50, 100, 150, 199)])
    alerts = feed(monitor, compared(200, 0.3))
    assert told(alerts) == [("opened", "worse_than_base")]
    assert alerts[0].finding.level == "critical"
    assert alerts[0].finding.value == 0.1
    assert "the best, at step 50, is surely worse by 0.1000 nats" in alerts[0].finding.seen
    assert told(feed(monitor, compared(250, -0.01))) == [("resolved", "worse_than_base")]


def test_who_was_better_than_the_base_once_is_not_worse() -> None:
    monitor = Monitor()
    assert not feed(monitor, *steps(1, 20), compared(50, -0.2), *[compared(at, 0.4) for at in (200, 250, 300)])


def test_the_verdict_names_what_had_something_to_judge() -> None:
    monitor = Monitor()
    feed(monitor, *steps(1, 20), Observation("device", disk_free_bytes=1 << 40))
    measured = monitor.verdict().measured
    assert {"non_finite", "spike", "disk_space"} <= set(measured)
    assert not {"gpu_temperature", "memory", "utilisation", "worse_than_base"} & set(measured)
