"""Beside a worker: one is started once, found again, resumed when it is lost, and its own words reach the user."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brewslm.core.errors import BrewError, CancelledError, ClaimLostError, WorkerError
from brewslm.core.ports.engine import Released
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.recovery.policy import MAX_LOSSES_WITHOUT_PROGRESS
from brewslm.core.wire.attempt import FailureFile
from brewslm.core.wire.order import EvaluateOrder, ExportOrder, GenerateOrder, MeasureOrder, Order, TrainOrder
from brewslm.core.wire.result import EvaluateResult, GenerateResult, ScoredSplit, TrainResult
from brewslm.core.wire.rundir import FAILURE_FILE, ExitCode
from brewslm.services.jobs.claim import Claim
from brewslm.services.jobs.supervision import Supervisor, rest_after
from tests.fakes.engine import WorkerVanished
from tests.unit.scene import Scene, journal, leave_result, logged, saved, started

TRAIN = TrainOrder(
    base_model="/b", train_folder="/t", eval_folder="/e", recipe=Recipe(base_model="tiny"), manifest_id="m"
)
ORDERS: dict[str, Order] = {
    "train": TRAIN,
    "evaluate": EvaluateOrder(base_model="/b", tuned_folder="/a", splits={}),
    "export": ExportOrder(base_model="/b", tuned_folder="/a", output_folder="/o", parity_folder="/p"),
    "generate": GenerateOrder(model_folder="/m", prompts=()),
    "measure": MeasureOrder(base_model="/m", tuned_folder="/t", eval_folder="/e", quantizations=("f16",)),
}
ANSWER = GenerateResult(answers=(), runtime="none")
TRAINED = TrainResult(
    status="completed",
    checkpoint="checkpoints/step-9",
    step=9,
    last_step=9,
    total_steps=9,
    base_eval_loss=2.0,
    eval_loss=1.0,
    final_train_loss=1.0,
    training_seconds=1.0,
    num_tokens_seen=1,
    peak_memory_bytes=None,
)


class Worker:
    """Plays one script after the other, one an attempt."""

    def __init__(self, *scripts: Callable[[Path, int], int | None]) -> None:
        self.scripts = list(scripts)

    def __call__(self, directory: Path, attempt: int) -> int | None:
        return self.scripts.pop(0)(directory, attempt)


def done(directory: Path, attempt: int) -> int:
    journal(directory, started(attempt), logged(9, attempt=attempt))
    leave_result(directory, TRAINED)
    return 0


def stays(_directory: Path, _attempt: int) -> None:
    return None


def vanishes(*records: dict[str, Any]) -> Callable[[Path, int], int]:
    def play(directory: Path, attempt: int) -> int:
        journal(directory, *[{**record, "attempt": attempt} for record in records])
        raise WorkerVanished

    return play


def fails(code: int, line: str | None = None, *, of_attempt: int | None = None) -> Callable[[Path, int], int]:
    def play(directory: Path, attempt: int) -> int:
        if line is not None:
            failure = FailureFile(attempt=of_attempt or attempt, message=line)
            (directory / FAILURE_FILE).write_text(failure.model_dump_json())
        return code

    return play


def scene_with(tmp_path: Path, *scripts: Callable[[Path, int], int | None]) -> tuple[Scene, Claim, Supervisor]:
    scene = Scene(tmp_path, Worker(*scripts))
    claim = scene.claim("train")
    return scene, claim, supervisor_of(scene, claim)


def supervisor_of(scene: Scene, claim: Claim) -> Supervisor:
    return Supervisor(scene.ports, claim, scene.folder / "experiments")


def attempts(scene: Scene) -> list[int]:
    return [attempt for _, attempt in scene.engine.submitted]


def test_a_worker_is_started_and_its_result_taken(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, done)
    assert supervisor.run(TRAIN, name="exp-001") == TRAINED
    assert attempts(scene) == [1]
    assert scene.reasons(claim.job.run_id) == ["training_started"]
    assert (scene.job(claim.job.id).message, scene.job(claim.job.id).phase) == ("step 9 of 9, loss 1.0000", "training")


def test_a_result_that_is_there_starts_no_worker(tmp_path: Path) -> None:
    scene, _, supervisor = scene_with(tmp_path, done)
    supervisor.run(TRAIN, name="exp-001")
    assert supervisor.run(TRAIN, name="exp-001") == TRAINED
    assert attempts(scene) == [1]


def test_a_restarted_server_finds_the_living_worker_again(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, stays)
    sleep, polls = scene.clock.sleep, []

    def poll(seconds: float) -> None:
        sleep(seconds)
        polls.append(seconds)
        directory = supervisor.folder("exp-001")
        if len(polls) == 3:
            raise KeyboardInterrupt  # the server is stopped
        if len(polls) == 6:
            done(directory, 1)
            scene.engine.end(directory, 0)

    scene.clock.sleep = poll  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        supervisor.run(TRAIN, name="exp-001")
    again = scene.take_over(claim, owner="next")
    assert supervisor_of(scene, again).run(TRAIN, name="exp-001") == TRAINED
    assert attempts(scene) == [1]
    assert scene.reasons(claim.job.run_id) == ["training_started"]


def test_a_lost_training_is_resumed_with_the_next_attempt(tmp_path: Path) -> None:
    def resumes(directory: Path, attempt: int) -> int:
        journal(directory, started(attempt, resumed_from_step=3))
        leave_result(directory, TRAINED)
        return 0

    scene, claim, supervisor = scene_with(tmp_path, vanishes(started(), logged(3), saved(3), logged(5)), resumes)
    assert supervisor.run(TRAIN, name="exp-001") == TRAINED
    assert attempts(scene) == [1, 2]
    first, lost, second, recovered = scene.events(claim.job.run_id)
    assert [str(event.reason) for event in (first, second)] == ["training_started", "training_started"]
    assert (lost.reason, lost.severity) == ("training_worker_lost", "warning")
    assert lost.payload == {"attempt": 1, "exit_code": None, "signal": None, "last_step": 5}
    assert recovered.reason == "training_recovered"
    assert recovered.payload == {"attempt": 2, "from_step": 3, "action": "resume"}


def test_a_killed_training_is_resumed_like_a_lost_one(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, stays, done)
    sleep = scene.clock.sleep

    def poll(seconds: float) -> None:
        sleep(seconds)
        scene.engine.cancel(supervisor.folder("exp-001"), grace_seconds=0)  # somebody's kill

    scene.clock.sleep = poll  # type: ignore[method-assign]
    supervisor.run(TRAIN, name="exp-001")
    (lost,) = [event for event in scene.events(claim.job.run_id) if event.reason == "training_worker_lost"]
    assert "signal 15" in lost.summary
    assert lost.payload["signal"] == 15


def test_a_training_that_makes_no_headway_is_given_up(tmp_path: Path) -> None:
    # It gets to another step each time, but never to a checkpoint.
    scene, claim, supervisor = scene_with(tmp_path, *[vanishes(logged(step)) for step in (3, 5, 4, 6, 7)])
    with pytest.raises(WorkerError, match="lost 4 times without a newer checkpoint"):
        supervisor.run(TRAIN, name="exp-001")
    assert attempts(scene) == list(range(1, MAX_LOSSES_WITHOUT_PROGRESS + 2))
    told = [reason for reason in scene.reasons(claim.job.run_id) if not reason.startswith("monitoring")]
    assert told == ["training_worker_lost"] * 4


def test_a_newer_checkpoint_is_headway(tmp_path: Path) -> None:
    scripts = [vanishes(saved(step)) for step in (1, 1, 1, 2, 2, 2, 3)]
    scene, _, supervisor = scene_with(tmp_path, *scripts, done)
    assert supervisor.run(TRAIN, name="exp-001") == TRAINED
    assert attempts(scene) == list(range(1, 9))


def test_restarts_of_the_server_do_not_reset_the_count_of_losses_nor_tell_one_twice(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, *[vanishes()] * 9)
    submit = scene.engine.submit

    def dies_before_starting(directory: Path, *, attempt: int) -> None:
        if attempt > 1:
            scene.engine.submit = submit  # type: ignore[method-assign]
            raise KeyboardInterrupt
        submit(directory, attempt=attempt)

    for _ in range(MAX_LOSSES_WITHOUT_PROGRESS):
        scene.engine.submit = dies_before_starting  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            supervisor.run(TRAIN, name="exp-001")
    with pytest.raises(WorkerError, match="lost 4 times"):
        supervisor.run(TRAIN, name="exp-001")
    lost = [event.payload["attempt"] for event in scene.events(claim.job.run_id)]
    assert lost == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("kind", "code", "reason"),
    [
        ("train", ExitCode.BAD_DATA, "training_runtime_error"),
        ("train", ExitCode.BAD_ORDER, "training_runtime_error"),
        ("train", ExitCode.DONE, "training_runtime_error"),
        ("train", 1, "training_runtime_error"),
        ("evaluate", 1, "evaluation_runtime_error"),
        ("evaluate", ExitCode.DISK_FULL, "system_disk_full"),
        ("measure", 1, "evaluation_runtime_error"),
        ("export", ExitCode.OUT_OF_MEMORY, "export_runtime_error"),
        ("export", ExitCode.DISK_FULL, "system_disk_full"),
        ("generate", 1, "deployment_smoke_failed"),
    ],
)
def test_an_exit_code_has_its_reason_and_is_not_tried_again(tmp_path: Path, kind: str, code: int, reason: str) -> None:
    scene, _, supervisor = scene_with(tmp_path, fails(code, "The worker's own words; do this."))
    with pytest.raises(BrewError) as caught:
        supervisor.run(ORDERS[kind], name="exp-001")
    assert (caught.value.code, str(caught.value)) == (reason, "The worker's own words; do this.")
    assert attempts(scene) == [1]


def test_a_worker_without_a_word_is_told_by_its_exit_code_and_its_log(tmp_path: Path) -> None:
    _, _, supervisor = scene_with(tmp_path, fails(3))
    with pytest.raises(WorkerError, match=r"exit code 3 and no result; read .*worker\.log"):
        supervisor.run(TRAIN, name="exp-001")


def test_the_words_of_an_older_attempt_are_not_taken_for_this_one(tmp_path: Path) -> None:
    _, _, supervisor = scene_with(tmp_path, vanishes(), fails(3, "old words", of_attempt=1))
    with pytest.raises(WorkerError, match="exit code 3"):
        supervisor.run(TRAIN, name="exp-001")


@pytest.mark.parametrize("kind", ["evaluate", "export", "generate", "measure"])
def test_short_work_that_is_lost_is_begun_again_twice(tmp_path: Path, kind: str) -> None:
    scene, claim, supervisor = scene_with(tmp_path, vanishes(), vanishes(), vanishes())
    with pytest.raises(WorkerError, match="start it again"):
        supervisor.run(ORDERS[kind], name="exp-001/other")
    assert attempts(scene) == [1, 2, 3]
    told = scene.events(claim.job.run_id)
    assert [(event.reason, event.payload["attempt"]) for event in told] == [
        ("system_worker_lost", 1),
        ("system_worker_lost", 2),
    ]


def test_a_cancelled_worker_is_stopped_and_it_is_said_what_was_done(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, stays)
    cancel = scene.engine.cancel

    def saves_first(directory: Path, *, grace_seconds: float) -> Released:
        journal(directory, started(), saved(3))
        leave_result(directory, TRAINED.model_copy(update={"status": "cancelled", "last_step": 3}))
        return cancel(directory, grace_seconds=grace_seconds)

    scene.engine.cancel = saves_first  # type: ignore[method-assign]
    scene.jobs.cancel(claim.job.id)
    # The request came before the first look, so the worker of an earlier life is the one that is found.
    scene.engine.submit(supervisor.folder("exp-001"), attempt=1)
    supervisor.folder("exp-001").mkdir(parents=True)
    with pytest.raises(
        CancelledError, match=r"saved a checkpoint at step 3 and ended; 1 process has ended and gave 1 MB"
    ):
        supervisor.run(TRAIN, name="exp-001")
    assert scene.job(claim.job.id).phase in {"cancelling", "running"}
    assert [row.kind for row in scene.jobs.metrics(claim.job.id)] == ["started", "checkpoint"]


def test_a_worker_that_is_stopped_before_its_first_checkpoint_leaves_a_cancelled_job(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, stays)
    scene.clock.sleep = lambda _seconds: scene.jobs.cancel(claim.job.id) and None  # type: ignore[method-assign]
    with pytest.raises(CancelledError):
        supervisor.run(TRAIN, name="exp-001")
    assert scene.engine.cancelled == [supervisor.folder("exp-001")]


def test_a_cancelled_job_does_not_resume_a_lost_worker(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, stays)

    def poll(_seconds: float) -> None:
        scene.jobs.cancel(claim.job.id)
        scene.engine.end(supervisor.folder("exp-001"), 3)

    scene.clock.sleep = poll  # type: ignore[method-assign]
    with pytest.raises(CancelledError):
        supervisor.run(TRAIN, name="exp-001")
    assert attempts(scene) == [1]


def test_a_holder_that_lost_its_job_leaves_the_living_worker_alone(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, stays)
    scene.clock.sleep = lambda _seconds: scene.take_over(claim) and None  # type: ignore[method-assign]
    with pytest.raises(ClaimLostError):
        supervisor.run(TRAIN, name="exp-001")
    assert (scene.engine.cancelled, attempts(scene)) == ([], [1])


def test_a_holder_that_lost_its_job_does_not_resume_its_worker(tmp_path: Path) -> None:
    scene, claim, supervisor = scene_with(tmp_path, vanishes())
    submit = scene.engine.submit

    def submit_and_lose(directory: Path, *, attempt: int) -> None:
        submit(directory, attempt=attempt)
        scene.take_over(claim)

    scene.engine.submit = submit_and_lose  # type: ignore[method-assign]
    with pytest.raises(ClaimLostError):
        supervisor.run(TRAIN, name="exp-001")
    assert attempts(scene) == [1]
    assert scene.events(claim.job.run_id) == ()


def test_another_order_in_the_same_directory_is_refused(tmp_path: Path) -> None:
    scene, _, supervisor = scene_with(tmp_path, done)
    supervisor.run(TRAIN, name="exp-001")
    other = TRAIN.model_copy(update={"manifest_id": "other"})
    with pytest.raises(WorkerError, match="holds another order"):
        supervisor.run(other, name="exp-001")
    assert attempts(scene) == [1]


def test_an_order_of_an_older_version_without_a_newer_default_is_the_same(tmp_path: Path) -> None:
    scene, _, supervisor = scene_with(tmp_path, stays)
    directory = supervisor.folder("exp-001")
    order = GenerateOrder(model_folder="/m", prompts=())
    directory.mkdir(parents=True)
    (directory / "order.json").write_text('{"kind": "generate", "version": 1, "model_folder": "/m", "prompts": []}')
    leave_result(directory, ANSWER)
    assert supervisor.run(order, name="exp-001") == ANSWER
    assert attempts(scene) == []


def test_a_result_with_a_loss_that_is_no_number_is_the_workers_failure_and_not_a_crash(tmp_path: Path) -> None:
    def diverges(directory: Path, _attempt: int) -> int:
        split = ScoredSplit(name="test", num_tokens=(2,), base_loss=(1.0,), tuned_loss=(float("nan"),))
        leave_result(directory, EvaluateResult(splits=(split,), labelled=(), base_answers=(), tuned_answers=()))
        return 0

    _, _, supervisor = scene_with(tmp_path, diverges)
    with pytest.raises(WorkerError, match=r"splits\.0\.tuned_loss\.0 is None") as caught:
        supervisor.run(ORDERS["evaluate"], name="exp-001/evaluate-1")
    assert caught.value.code == "evaluation_runtime_error"


def test_a_dear_look_is_followed_by_a_longer_rest() -> None:
    looks = (0.0, 0.001, 0.004, 0.006)
    rests = [rest_after(look) for look in looks]
    assert rests == sorted(rests)
    assert all(look < 0.01 * rest for look, rest in zip(looks, rests, strict=True))
    assert rest_after(60.0) <= 1.0
