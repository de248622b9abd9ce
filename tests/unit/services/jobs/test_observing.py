"""Beside a living training that goes astray: it is ended, set right, or explained, once each."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brewslm.core.errors import WorkerError
from brewslm.core.ports.training_logs import NoThresholdFiles
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.recovery import RecoveryFile
from brewslm.core.wire.rundir import (
    CONTROL_FOLDER,
    DESIGN_PROBLEM_FILE,
    LEARNING_RATE_FILE,
    RECOVERY_FILE,
    STOP_FILE,
)
from brewslm.services.jobs.supervision import Supervisor
from tests.fakes.engine import FakeEngine
from tests.unit.scene import Scene, journal, leave_result, logged, saved, started
from tests.unit.services.jobs.test_supervision import TRAIN, TRAINED, attempts, done, scene_with

NUM = 400


def order(**changes: Any) -> TrainOrder:
    monitor = TRAIN.recipe.monitor.model_copy(update=changes.pop("monitor", {}))
    return TRAIN.model_copy(update={"recipe": TRAIN.recipe.model_copy(update={"monitor": monitor, **changes})})


def recovery(folder: Path) -> RecoveryFile:
    return RecoveryFile.model_validate_json((folder / RECOVERY_FILE).read_bytes())


def step(at: int, loss: float, attempt: int) -> dict[str, Any]:
    return logged(at, loss=loss, total_steps=NUM, attempt=attempt, time=float(at))


def rising(directory: Path, attempt: int) -> None:
    """Stay alive with a loss that falls up to step 60, and then rises to many times of that."""
    rng = random.Random(attempt)
    records = [started(attempt, total_steps=NUM)]
    for at in range(1, 101):
        loss = 2.0 - at / 100 if at <= 60 else 1.4 + (at - 60) / 5
        records.append(step(at, loss + rng.gauss(0, 0.01), attempt))
        if at == 50:
            records.append(saved(at, attempt))
    journal(directory, *records)


def test_a_loss_that_rises_and_stays_ends_the_attempt_and_the_next_begins_before_it(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, rising, done)
    assert supervisor.run(order(), name="exp-001") == TRAINED
    folder = supervisor.folder("exp-001")
    assert scene.engine.killed == [folder]
    assert attempts(scene) == [1, 2]
    (measure,) = recovery(folder).measures
    assert (measure.cause, measure.action, measure.attempt) == ("diverged", "lower_learning_rate", 1)
    adjustments = recovery(folder).adjustments
    assert adjustments.learning_rate_factor == 0.5
    assert adjustments.step_back_in == 2
    assert adjustments.step_back_after is not None
    assert 55 <= adjustments.step_back_after <= 66
    (begun,) = [event for event in scene.events(claim.job.run_id) if event.reason == "training_recovery_started"]
    assert begun.summary.startswith(
        "Attempt 1 was ended at step 100: its loss rose and stayed; it goes back to the last"
    )
    assert begun.payload["before"] == {"optim.learning_rate": TRAIN.recipe.optim.learning_rate}


def test_a_server_that_died_after_it_had_ended_the_attempt_decides_the_same(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, rising, done)
    kill = scene.engine.kill

    def kill_and_die(directory: Path) -> None:
        kill(directory)
        raise KeyboardInterrupt

    scene.engine.kill = kill_and_die  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        supervisor.run(order(), name="exp-001")
    again = scene.take_over(claim, owner="next")
    next_one = Supervisor(scene.ports, again, scene.folder / "experiments")
    assert next_one.run(order(), name="exp-001") == TRAINED
    assert [measure.cause for measure in recovery(next_one.folder("exp-001")).measures] == ["diverged"]


def test_with_recovery_off_nothing_is_ended(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, rising)
    ends_after(scene, supervisor, lambda _polls: True)
    assert supervisor.run(order(recovery="off"), name="exp-001") == TRAINED
    assert not scene.engine.killed
    assert "monitoring_alert" in scene.reasons(claim.job.run_id)


def test_what_diverges_again_and_again_without_progress_is_a_matter_of_design(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, rising, rising, rising)
    with pytest.raises(WorkerError, match="a matter of the training's design") as raised:
        supervisor.run(order(), name="exp-001")
    assert raised.value.code == "training_design_problem"
    assert attempts(scene) == [1, 2, 3]
    report = (supervisor.folder("exp-001") / DESIGN_PROBLEM_FILE).read_text()
    assert "- attempt 2 ended at step 100 (diverged); then: lower_learning_rate" in report
    assert "- divergence (critical, from step" in report
    assert scene.reasons(claim.job.run_id).count("training_recovery_started") == 2


def flat(directory: Path, attempt: int) -> None:
    """Stay alive with a loss that fell, and is flat for long."""
    rng = random.Random(3)
    losses = [3.0 - min(at, 40) / 40 + rng.gauss(0, 0.005) for at in range(1, 301)]
    journal(
        directory,
        started(attempt, total_steps=NUM),
        *[step(at, loss, attempt) for at, loss in enumerate(losses, start=1)],
    )


def ends_after(scene: Scene, supervisor: Supervisor, is_over: Callable[[int], bool]) -> None:
    """Let the worker finish once `is_over` says so of the number of looks."""
    sleep, polls = scene.clock.sleep, 0

    def poll(seconds: float) -> None:
        nonlocal polls
        sleep(seconds)
        polls += 1
        directory = supervisor.folder("exp-001")
        if is_over(polls):
            leave_result(directory, TRAINED)
            scene.engine.end(directory, 0)

    scene.clock.sleep = poll  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("on_plateau", "file"), [("lower_lr", LEARNING_RATE_FILE), ("stop", STOP_FILE), ("none", None)]
)
def test_a_plateau_is_answered_once_while_the_worker_goes_on(tmp_path: Path, on_plateau: str, file: str | None) -> None:
    scene, claim, supervisor = scene_with(tmp_path, flat)
    ends_after(scene, supervisor, lambda polls: polls >= 5)
    assert supervisor.run(order(monitor={"on_plateau": on_plateau}), name="exp-001") == TRAINED
    folder = supervisor.folder("exp-001")
    begun = [event for event in scene.events(claim.job.run_id) if event.reason == "training_recovery_started"]
    if file is None:
        assert not begun
        assert not (folder / RECOVERY_FILE).exists()
        return
    (measure,) = recovery(folder).measures
    assert (measure.cause, len(begun)) == ("plateau", 1)
    assert begun[0].summary.startswith("The loss no longer fell: over the last")
    text = (folder / CONTROL_FOLDER / file).read_text().strip()
    assert text == "0.5" if on_plateau == "lower_lr" else "the loss fell by" in text


def worse_than_its_base(directory: Path, attempt: int) -> None:
    evals = [
        {
            "kind": "eval",
            "step": at,
            "eval_loss": 2.5,
            "baseline_loss": 2.0,
            "delta": 0.5,
            "delta_low": 0.4,
            "delta_high": 0.6,
            "attempt": attempt,
        }
        for at in (50, 100, 150, 200, 250)
    ]
    journal(directory, started(attempt, total_steps=NUM), step(1, 2.0, attempt), *evals)


def test_a_training_that_is_surely_worse_than_its_base_at_half_time_is_reported_and_left_alone(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, worse_than_its_base)
    ends_after(scene, supervisor, lambda polls: polls >= 4)
    assert supervisor.run(order(), name="exp-001") == TRAINED
    assert not scene.engine.killed
    found = [event for event in scene.events(claim.job.run_id) if event.reason == "training_design_problem"]
    assert [event.severity for event in found] == ["error"]
    assert "after 50% of the steps none of 4 evaluations was better than the untuned base" in found[0].summary
    report = (supervisor.folder("exp-001") / DESIGN_PROBLEM_FILE).read_text()
    assert "## What to consider" in report
    assert "worse_than_base (critical, from step" in report


class BrokenFile(NoThresholdFiles):
    def layers(self, extra: Path | None) -> list[Any]:
        from brewslm.core.health.layers import ThresholdLayer

        del extra
        return [ThresholdLayer(source="thresholds.yaml", values={"memory": {"shore": 0.9}})]


def test_thresholds_that_cannot_be_used_are_told_and_stop_no_training(tmp_path: Path) -> None:
    scene, claim, _ = scene_with(tmp_path, done)
    ports = scene.ports_with(thresholds=BrokenFile())
    assert Supervisor(ports, claim, scene.folder / "experiments").run(order(), name="exp-001") == TRAINED
    told = next(event for event in scene.events(claim.job.run_id) if event.reason == "system_config_invalid")
    assert "memory.shore in 'thresholds.yaml': there is no such threshold" in told.summary
    assert isinstance(scene.engine, FakeEngine)
