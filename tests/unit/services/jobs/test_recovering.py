"""From a failed attempt to the next: recorded once, carried out, and ended with the worker's own words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brewslm.core.errors import CancelledError, WorkerError
from brewslm.core.events.base import Draft
from brewslm.core.health.thresholds import StallThresholds
from brewslm.core.ports.engine import WorkerStatus
from brewslm.core.ports.machine import GpuState
from brewslm.core.wire.attempt import FailureFile, MicroBatch
from brewslm.core.wire.order import TrainOrder
from brewslm.core.wire.recovery import RecoveryFile
from brewslm.core.wire.rundir import (
    BALLAST_FILE,
    BEAT_FILE,
    DEVICE_FILE,
    FAILURE_FILE,
    PULSE_FILE,
    RECOVERY_FILE,
    ExitCode,
)
from brewslm.services.jobs.claim import Claim
from brewslm.services.jobs.liveness import Liveness
from brewslm.services.jobs.recovering import note_once
from tests.fakes.clock import FakeClock
from tests.fakes.engine import FakeEngine
from tests.unit.scene import Scene, journal, logged, saved, started
from tests.unit.services.jobs.test_supervision import TRAIN, TRAINED, attempts, done, scene_with, stays, supervisor_of

LIMITS = StallThresholds()
Script = Callable[[Path, int], int | None]


def fails(code: ExitCode, words: str, *records: dict[str, Any], held: MicroBatch | None = None) -> Script:
    def play(directory: Path, attempt: int) -> int:
        journal(directory, started(attempt), *[{**record, "attempt": attempt} for record in records])
        failure = FailureFile(attempt=attempt, message=words, step=5, micro_batch=held)
        (directory / FAILURE_FILE).write_text(failure.model_dump_json())
        return code

    return play


OOM = fails(ExitCode.OUT_OF_MEMORY, "Memory ran out.", held=MicroBatch(num_tokens=1000, num_examples=5))
FULL = fails(ExitCode.DISK_FULL, "The disk is full.")
BROKEN = fails(
    ExitCode.DEVICE_FAILED, "The device reported an error: CUDA error: unspecified launch failure. Look at it."
)
GPU = GpuState(name="Some GPU", memory_bytes=8 << 30, used_bytes=1 << 30)


def order(**settings: Any) -> TrainOrder:
    return TRAIN.model_copy(update={"recipe": TRAIN.recipe.model_copy(update=settings)})


def recovery(scene: Scene) -> RecoveryFile:
    return RecoveryFile.model_validate_json((scene.folder / "experiments" / "exp-001" / RECOVERY_FILE).read_bytes())


def test_memory_that_ran_out_is_an_event_with_before_and_after(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, OOM, done)
    assert supervisor.run(TRAIN, name="exp-001") == TRAINED
    _, begun, _, recovered = scene.events(claim.job.run_id)
    assert (begun.reason, begun.severity) == ("training_recovery_started", "warning")
    assert begun.summary.startswith("Memory ran out; at most 500 tokens go through the model at once now")
    assert begun.payload == {
        "attempt": 1,
        "cause": "out_of_memory",
        "last_step": 5,
        "action": "smaller_micro_batch",
        "before": {"data.micro_batch_tokens": 4096},
        "after": {"data.micro_batch_tokens": 500},
    }
    assert recovered.payload["action"] == "smaller_micro_batch"
    assert recovery(scene).adjustments.micro_batch_tokens == 500


def test_what_does_not_help_ends_with_the_cause_and_the_workers_words(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, *[OOM] * 9)
    with pytest.raises(WorkerError, match=r"^Memory ran out; 4 measures against it did not help\. Read .*worker\.log"):
        supervisor.run(TRAIN, name="exp-001")
    assert attempts(scene) == [1, 2, 3, 4, 5]
    assert scene.reasons(claim.job.run_id).count("training_recovery_started") == 4


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (ExitCode.OUT_OF_MEMORY, "training_oom"),
        (ExitCode.NOT_FINITE, "training_nan"),
        (ExitCode.DISK_FULL, "training_disk_full"),
        (ExitCode.DEVICE_FAILED, "training_device_failed"),
    ],
)
def test_off_ends_at_once_with_the_reason_of_the_cause(tmp_path: Path, code: ExitCode, reason: str) -> None:
    scene, _, supervisor = scene_with(tmp_path, fails(code, "Own words."))
    with pytest.raises(WorkerError, match=r"^Own words; recovery='off' lets it end there") as caught:
        supervisor.run(order(recovery="off"), name="exp-001")
    assert caught.value.code == reason
    assert attempts(scene) == [1]


def test_a_worker_that_the_kernel_killed_for_memory_is_not_just_lost(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, stays, done)

    def killed(_seconds: float) -> None:
        scene.engine._set(
            supervisor.folder("exp-001"), WorkerStatus(state="ended", attempt=1, signal=9, is_out_of_memory=True)
        )

    scene.clock.sleep = killed  # type: ignore[method-assign]
    supervisor.run(TRAIN, name="exp-001")
    (begun,) = [event for event in scene.events(claim.job.run_id) if event.reason == "training_recovery_started"]
    assert begun.payload["cause"] == "out_of_memory"
    assert "killed by the system for want of memory" in begun.summary


def test_a_full_disk_prunes_then_waits_until_there_is_room(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, FULL, FULL, done)
    scene.machine.free_bytes = 0
    sleep, phases = scene.clock.sleep, []

    def poll(seconds: float) -> None:
        sleep(seconds)
        phases.append(scene.job(claim.job.id).phase)
        if phases.count("waiting_disk") == 40:
            scene.machine.free_bytes = 1 << 40

    scene.clock.sleep = poll  # type: ignore[method-assign]
    assert supervisor.run(TRAIN, name="exp-001") == TRAINED
    assert attempts(scene) == [1, 2, 3]
    assert recovery(scene).adjustments.keep_checkpoints == 1
    assert [measure.action for measure in recovery(scene).measures] == ["prune_checkpoints", "wait"]


def test_a_full_disk_gives_room_back_before_anything_is_written_about_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, bool]] = []

    def sees(play: Script) -> Script:
        def look(directory: Path, attempt: int) -> int | None:
            seen.append((f"attempt {attempt}", (directory / BALLAST_FILE).exists()))
            return play(directory, attempt)

        return look

    def noted(claim: Claim, attempt: int, draft: Draft) -> None:
        seen.append((f"event of {attempt}", ballast.exists()))
        note_once(claim, attempt, draft)

    _, _, supervisor = scene_with(tmp_path, sees(FULL), sees(done))
    ballast = supervisor.folder("exp-001") / BALLAST_FILE
    monkeypatch.setattr("brewslm.services.jobs.recovering.note_once", noted)
    supervisor.run(TRAIN, name="exp-001")
    assert seen == [("attempt 1", True), ("event of 1", False), ("attempt 2", True)]
    assert not ballast.exists(), "what has ended keeps no room"


def test_a_nearly_full_disk_gets_no_ballast(tmp_path: Path) -> None:
    def look(directory: Path, attempt: int) -> int | None:
        assert not (directory / BALLAST_FILE).exists()
        return done(directory, attempt)

    scene, _, supervisor = scene_with(tmp_path, look)
    scene.machine.free_bytes = 100 << 20
    assert supervisor.run(TRAIN, name="exp-001") == TRAINED


def test_a_job_that_waits_for_room_can_be_cancelled(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, FULL, FULL)
    scene.machine.free_bytes = 0
    sleep = scene.clock.sleep

    def poll(seconds: float) -> None:
        sleep(seconds)
        if scene.job(claim.job.id).phase == "waiting_disk":
            scene.jobs.cancel(claim.job.id)

    scene.clock.sleep = poll  # type: ignore[method-assign]
    with pytest.raises(CancelledError):
        supervisor.run(TRAIN, name="exp-001")


def test_a_server_that_dies_in_between_decides_once(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, OOM, OOM, done)
    submit, left = scene.engine.submit, [1, 2, 2, 2]

    def dies(directory: Path, *, attempt: int) -> None:
        if left and attempt == left[0] and left.pop(0) == 2:
            raise KeyboardInterrupt
        submit(directory, attempt=attempt)

    scene.engine.submit = dies  # type: ignore[method-assign]
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            supervisor.run(TRAIN, name="exp-001")
        supervisor = supervisor_of(scene, claim)
    assert supervisor.run(TRAIN, name="exp-001") == TRAINED
    assert [measure.attempt for measure in recovery(scene).measures] == [1, 2]
    assert scene.reasons(claim.job.run_id).count("training_recovery_started") == 2


def test_a_worker_that_hangs_is_ended_and_resumed(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, stays, done)
    assert supervisor.run(TRAIN, name="exp-001") == TRAINED  # the clock runs, and nothing changes on disk
    assert scene.engine.killed == [supervisor.folder("exp-001")]
    (begun,) = [event for event in scene.events(claim.job.run_id) if event.reason == "training_recovery_started"]
    assert (begun.payload["cause"], begun.payload["action"]) == ("stalled", "resume")
    assert "gave no beat" in begun.summary


def test_a_lost_training_is_resumed_after_a_wait_that_grows(tmp_path: Path) -> None:
    def lost(directory: Path, attempt: int) -> int | None:
        journal(directory, logged(3, attempt=attempt))
        scene.engine._set(directory, WorkerStatus(state="alive", attempt=attempt))
        return None

    scene, _, supervisor = scene_with(tmp_path, lost, lost, done)
    begun_at: list[float] = []
    submit, sleep = scene.engine.submit, scene.clock.sleep

    def start(directory: Path, *, attempt: int) -> None:
        begun_at.append(scene.clock.monotonic())
        submit(directory, attempt=attempt)

    def poll(seconds: float) -> None:
        sleep(seconds)
        scene.engine.cancel(supervisor.folder("exp-001"), grace_seconds=0)

    scene.engine.submit, scene.clock.sleep = start, poll  # type: ignore[method-assign]
    supervisor.run(TRAIN, name="exp-001")
    first, second, third = begun_at
    assert second - first < 1 + 5
    assert third - second >= 5


class Watched:
    """A worker whose signs of life a test gives."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.engine = FakeEngine(lambda _folder, _attempt: None)
        self.folder = folder
        self.engine.submit(folder, attempt=1)
        self.liveness = Liveness(self.clock, self.engine, folder, LIMITS)
        self._number = 0

    def trouble_within(self, seconds: float, *, beat: bool = True, pulse: str = "", busy: bool = False) -> str:
        """Let time pass, second by second, with these signs of life; return the first trouble."""
        for _ in range(int(seconds)):
            self._number += 1
            self.clock.advance(1)
            if beat:
                (self.folder / BEAT_FILE).write_text(f"{self._number}")
            if pulse:
                (self.folder / PULSE_FILE).write_text(f"{pulse} {self._number}")
            if busy:
                self.engine.seconds = (self.engine.seconds or 0) + 1.0
            if trouble := self.liveness.trouble(step_seconds=None):
                return trouble
        return ""


def test_a_worker_that_gets_on_is_left_alone(tmp_path: Path) -> None:
    assert Watched(tmp_path).trouble_within(5000, pulse="training") == ""


def test_a_shim_without_a_beat_is_trouble(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    assert watched.trouble_within(LIMITS.beat_seconds, beat=False, pulse="training") == ""
    assert "no beat" in watched.trouble_within(10, beat=False, pulse="training")


def test_a_worker_that_sleeps_between_steps_is_trouble_soon_and_one_that_computes_later(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    asleep = Watched(tmp_path / "a")
    asleep.trouble_within(20, pulse="training", busy=True)
    assert asleep.trouble_within(LIMITS.idle_seconds - 6) == ""
    assert "while training, without using the processor" in asleep.trouble_within(20)
    (tmp_path / "b").mkdir()
    busy = Watched(tmp_path / "b")
    busy.trouble_within(20, pulse="training", busy=True)
    assert busy.trouble_within(LIMITS.training_seconds * 4, busy=True) == ""
    assert "while training, busy" in busy.trouble_within(LIMITS.training_seconds * 2, busy=True)


def test_other_phases_and_slow_steps_get_more_time(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    saving = Watched(tmp_path / "a")
    saving.trouble_within(20, pulse="saving", busy=True)
    assert saving.trouble_within(LIMITS.saving_seconds - 10) == ""
    assert "while saving" in saving.trouble_within(30)
    (tmp_path / "b").mkdir()
    slow = Watched(tmp_path / "b")
    slow.trouble_within(20, pulse="training")
    for _ in range(3):
        slow.clock.advance(30)
        (slow.folder / BEAT_FILE).write_text(f"{slow.clock.monotonic()}")
        assert slow.liveness.trouble(step_seconds=20.0) == ""


def test_a_jump_of_the_wall_clock_is_no_trouble(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.trouble_within(20, pulse="training")
    watched.clock._now = watched.clock._now.replace(year=2031)
    assert watched.trouble_within(30, pulse="training") == ""


def test_checkpoints_count_for_the_losses_that_follow(tmp_path: Path) -> None:
    crash = fails(ExitCode.NOT_FINITE, "Not finite.", saved(3))
    scene, _, supervisor = scene_with(tmp_path, crash, crash, done)
    supervisor.run(TRAIN, name="exp-001")
    adjustments = recovery(scene).adjustments
    assert (adjustments.learning_rate_factor, adjustments.skipped_steps, adjustments.step_back_in) == (0.25, (5,), 3)


def test_a_pause_of_the_whole_machine_is_no_death_and_who_hangs_after_it_is_found(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.trouble_within(20, pulse="training", busy=True)
    for _ in range(3):
        watched.clock.advance(300)  # all processes stood still, the one that watches among them
        assert watched.liveness.trouble(step_seconds=None) == ""
        assert watched.trouble_within(10, pulse="training", busy=True) == ""
    watched.clock.jump(-3 * 3600)
    assert watched.trouble_within(20, pulse="training", busy=True) == ""
    assert "while training, without using the processor" in watched.trouble_within(40)


def with_gpus(scene: Scene, claim: Claim, number: int) -> None:
    scene.machine.facts_now = scene.machine.facts_now.model_copy(update={"gpus": ("Some GPU",) * number})
    scene.machine.gpus_now = (GPU,) * number
    with claim.transaction() as transaction:
        claim.change(transaction, device="gpu:0")


def test_a_device_that_failed_is_left_for_another_one(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, BROKEN, done)
    with_gpus(scene, claim, 2)
    assert supervisor.run(TRAIN, name="exp-001") == TRAINED
    assert scene.job(claim.job.id).device == "gpu:1"
    assert (supervisor.folder("exp-001") / DEVICE_FILE).read_text() == "1\n"
    (begun,) = [event for event in scene.events(claim.job.run_id) if event.reason == "training_recovery_started"]
    assert (begun.payload["cause"], begun.payload["action"]) == ("device_failed", "other_device")
    assert "CUDA error: unspecified launch failure; it goes on on another device than gpu:0" in begun.summary


def test_another_device_is_waited_for_while_another_job_has_it(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, BROKEN, done)
    with_gpus(scene, claim, 2)
    other = scene.claim("train")
    with other.transaction() as transaction:
        other.change(transaction, device="gpu:1")
    sleep, phases = scene.clock.sleep, []

    def poll(seconds: float) -> None:
        sleep(seconds)
        phases.append(scene.job(claim.job.id).phase)
        if phases.count("waiting_device") == 20:
            with other.transaction() as transaction:
                other.put_back(transaction)

    scene.clock.sleep = poll  # type: ignore[method-assign]
    assert supervisor.run(TRAIN, name="exp-001") == TRAINED
    assert phases.count("waiting_device") >= 20
    assert scene.job(claim.job.id).device == "gpu:1"


def test_where_no_other_device_is_left_it_ends_with_what_the_driver_says(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, BROKEN, BROKEN)
    with_gpus(scene, claim, 2)
    with pytest.raises(WorkerError, match=r"no device besides gpu:0, gpu:1 \(Some GPU, 1\.0 of 8\.0 GiB") as caught:
        supervisor.run(TRAIN, name="exp-001")
    assert caught.value.code == "training_device_failed"
    assert attempts(scene) == [1, 2]
