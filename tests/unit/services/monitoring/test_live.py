"""The judge beside a running training: exactly once in the ledger, whatever dies in between."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.logs.files import FileTrainingLogs
from brewslm.core.events.reasons import Reason
from brewslm.core.health.journal import Cadence
from brewslm.core.health.monitor import Monitor
from brewslm.core.health.thresholds import Thresholds, WatchThresholds
from brewslm.core.ids import ExperimentId
from brewslm.services.jobs.claim import Claim
from brewslm.services.jobs.journal import JournalReader
from brewslm.services.monitoring.live import LiveMonitor
from tests.unit.scene import Scene, journal, logged, started

LIMITS = Thresholds(watch=WatchThresholds(watch_steps=40, watch_share=1.0, check_every=10))


class Killed(BaseException):
    """The server is gone, in mid-transaction."""


def reader_of(claim: Claim, folder: Path, limits: Thresholds = LIMITS) -> JournalReader:
    monitor = LiveMonitor(claim.job.id, limits, Cadence())
    return JournalReader(claim, folder, experiment_id=ExperimentId(1), monitor=monitor)


def troubled_log(rng: random.Random, num: int) -> list[dict[str, Any]]:
    """A training with a spike, gradients that explode, memory that fills up, and a loss that is lost for a while."""
    records: list[dict[str, Any]] = [started(total_steps=num)]
    for step in range(1, num + 1):
        fields: dict[str, Any] = {
            "loss": 2.5 - step / num + rng.gauss(0, 0.02),
            "total_steps": num,
            "time": float(step),
        }
        fields["grad_norm"] = 500.0 if 50 <= step < 60 else 1.0 + rng.random() / 10
        if step == 70:
            fields["loss"] = 9.0
        if 90 <= step < 93:
            fields |= {"loss": None, "non_finite": {"loss": "nan"}}
        used = 99 if 100 <= step < 120 else 50
        vitals = {"memory_bytes": used, "memory_limit_bytes": 100, "utilisation": 0.9, "data_wait": 0.01}
        records.append(logged(step, **fields, vitals=vitals))
    return records


def told(scene: Scene, claim: Claim) -> list[str]:
    """What the monitor told, as it was told."""
    return [
        json.dumps([str(event.reason), event.severity, event.actor, event.summary, event.payload])
        for event in scene.events(claim.job.run_id)
        if event.stage == "monitoring"
    ]


def test_a_server_that_is_killed_at_any_moment_repeats_no_alert_and_misses_none(tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    records = troubled_log(rng, 160)
    (tmp_path / "calm").mkdir()
    calm = Scene(tmp_path / "calm")
    claim = calm.claim("train")
    journal(calm.folder, *records)
    reader_of(claim, calm.folder).drain()
    expected = told(calm, claim)
    for trial in range(12):
        (tmp_path / f"{trial}").mkdir()
        scene = Scene(tmp_path / f"{trial}")
        claim = scene.claim("train")
        rest = list(records)
        while rest:
            num = rng.randint(1, 25)
            journal(scene.folder, *rest[:num])
            rest = rest[num:]
            reader = reader_of(claim, scene.folder)
            if rng.random() < 0.5:
                drain_and_die(reader, claim, rng)
            reader_of(claim, scene.folder).drain()
        assert told(scene, claim) == expected, f"seed {seed}, trial {trial}"
    assert len(expected) > 6


def drain_and_die(reader: JournalReader, claim: Claim, rng: random.Random) -> None:
    """Take the journal in, and be killed before the transaction ends, at some event or at its end."""
    emit, left = claim.emit_in, rng.randint(0, 2)

    def dying(*arguments: Any, **options: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        emit(*arguments, **options)

    claim.emit_in = dying  # type: ignore[method-assign]
    try:
        reader.drain()
    except Killed:
        pass
    finally:
        claim.emit_in = emit  # type: ignore[method-assign]


def test_what_is_told_live_is_what_a_replay_of_the_log_tells(scene: Scene) -> None:
    claim = scene.claim("train")
    journal(scene.folder, *troubled_log(random.Random(3), 160))
    reader_of(claim, scene.folder).drain()
    monitor = Monitor(LIMITS)
    log = FileTrainingLogs().read(scene.folder / "log.jsonl")
    replayed = [alert.finding.model_dump(mode="json") for seen in log.observations for alert in monitor.feed(seen)]
    live = [
        event.payload["finding"]
        for event in scene.events(claim.job.run_id)
        if event.reason in {Reason.MONITORING_ALERT, Reason.MONITORING_ALERT_RESOLVED}
    ]
    assert live == replayed
    assert {finding["detector"] for finding in live} == {"gradient_norm", "spike", "non_finite", "memory"}


def test_an_alert_is_as_severe_as_its_finding_and_says_what_to_do(scene: Scene) -> None:
    claim = scene.claim("train")
    journal(scene.folder, *troubled_log(random.Random(3), 160))
    reader_of(claim, scene.folder).drain()
    events = scene.events(claim.job.run_id)
    (spike,) = [event for event in events if event.payload.get("finding", {}).get("detector") == "spike"][:1]
    lost = [event for event in events if event.payload.get("finding", {}).get("detector") == "non_finite"]
    assert (spike.reason, spike.severity, spike.actor) == ("monitoring_alert", "warning", "monitor")
    assert "spike warning at step 70: loss 9" in spike.summary
    assert "clip harder" in spike.summary
    assert [(event.reason, event.severity) for event in lost] == [
        ("monitoring_alert", "critical"),
        ("monitoring_alert_resolved", "info"),
    ]


def test_a_calm_watch_passes_once_with_a_line_for_each_check_every_so_often(scene: Scene) -> None:
    claim = scene.claim("train")
    journal(scene.folder, *troubled_log(random.Random(3), 45))
    reader_of(claim, scene.folder).drain()
    reader_of(claim, scene.folder).drain()
    passed = [event for event in scene.events(claim.job.run_id) if event.reason == "monitoring_watch_passed"]
    assert [event.payload["num_steps"] for event in passed] == [41]
    with scene.storage.read() as transaction:
        checks = transaction.monitors.checks(claim.job.id)
    assert sorted({check.step for check in checks}) == [11, 21, 31, 41]
    assert {check.level for check in checks if check.step == 41} == {"ok"}
    lines = {check.check: check.seen for check in checks if check.step == 41}
    assert lines["loss_finite"] == "every number was finite"
    assert lines["utilisation"] == "busy 90% of the time, 1% of a step waits for data"
    assert "give or take" in lines["loss_decreasing"]


def test_a_watch_in_which_something_is_the_matter_does_not_pass(scene: Scene) -> None:
    claim = scene.claim("train")
    limits = Thresholds(watch=WatchThresholds(watch_steps=55, watch_share=1.0))
    journal(scene.folder, *troubled_log(random.Random(3), 160))
    reader_of(claim, scene.folder, limits).drain()
    assert "monitoring_watch_passed" not in scene.reasons(claim.job.run_id)
    with scene.storage.read() as transaction:
        (check,) = [one for one in transaction.monitors.checks(claim.job.id) if one.check == "gradient_norm"]
    assert (check.step, check.level) == (56, "warning")


@pytest.mark.parametrize("state", [b"nothing that can be read", b'{"run": {"step": "x"}}'])
def test_a_state_of_another_version_is_made_again_from_the_records(scene: Scene, state: bytes) -> None:
    claim = scene.claim("train")
    records = troubled_log(random.Random(3), 160)
    journal(scene.folder, *records[:95])
    reader_of(claim, scene.folder).drain()
    before = told(scene, claim)
    with scene.storage.write() as transaction:
        transaction.monitors.keep(claim.job.id, "monitor", state)
    journal(scene.folder, *records[95:])
    reader_of(claim, scene.folder).drain()
    after = told(scene, claim)
    assert after[: len(before)] == before
    assert len({line for line in after if "opened" in line}) == sum("opened" in line for line in after)


def test_a_clock_that_jumps_back_and_forth_calls_nothing_a_stall(scene: Scene) -> None:
    rng = random.Random(5)
    claim = scene.claim("train")
    moment = 1e9
    records = [started(total_steps=300, time=moment, clock=50.0)]
    for step in range(1, 200):
        moment += rng.choice([1.0, 1.0, 1.0, -3 * 3600.0, 10 * 3600.0, 3 * 365 * 86400.0])
        records.append(logged(step, total_steps=300, time=moment, clock=50.0 + step, loss=2.0 - step / 200))
    journal(scene.folder, *records)
    reader_of(claim, scene.folder).drain()
    assert "monitoring_alert" not in scene.reasons(claim.job.run_id)
