"""Pause, resume, answer, retry, priority: each once, each with its event, and each refused in one clear line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brewslm.core.errors import ConflictError
from brewslm.core.job import Job, JobStatus
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.attempt import MicroBatch
from brewslm.core.wire.recovery import RecoveryFile
from brewslm.core.wire.rundir import RECOVERY_FILE, ExitCode
from brewslm.services.requests import ImportRequest
from brewslm.stages.train.contract import TrainInputs
from tests.unit.scene import Scene, journal, leave_result, logged, saved, started
from tests.unit.services.jobs.test_recovering import fails as fails_with
from tests.unit.services.jobs.test_supervision import TRAINED, Worker, done, stays, vanishes
from tests.unit.services.test_flows import flow_over, steps_of

Play = Callable[[Path, int], int | None]
OOM = fails_with(ExitCode.OUT_OF_MEMORY, "Memory ran out. Do this.", held=MicroBatch(num_tokens=1000, num_examples=5))


def training(tmp_path: Path, *scripts: Play, **recipe: Any) -> tuple[Scene, Job]:
    """A queued training whose workers play these scripts, one an attempt."""
    scene = Scene(tmp_path, Worker(*scripts))
    manifest = scene.manifest()
    readiness = scene.readiness(manifest, Recipe(base_model="tiny", **recipe))
    return scene, scene.queue("train", TrainInputs(readiness_id=readiness.id, manifest_id=manifest.id))


def finishes(directory: Path, attempt: int) -> int:
    folder = directory / TRAINED.checkpoint / "adapter"
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    return done(directory, attempt)


def asked_at(scene: Scene, number: int, act: Callable[[], Any]) -> None:
    """Let somebody act at the n-th time that the supervisor rests."""
    sleep, rests = scene.clock.sleep, []

    def rest(seconds: float) -> None:
        sleep(seconds)
        rests.append(seconds)
        if len(rests) == number:
            act()

    scene.clock.sleep = rest  # type: ignore[method-assign]


def pauses(scene: Scene, directory: Path) -> None:
    """The worker sees the request, saves, and ends."""
    assert (directory / "control" / "pause").exists()
    journal(directory, started(), logged(4), saved(4))
    scene.engine.end(directory, ExitCode.PAUSED)


def paused_training(tmp_path: Path, *scripts: Play, **recipe: Any) -> tuple[Scene, Job]:
    scene, job = training(tmp_path, stays, *scripts, **recipe)
    directory = scene.folder / "experiments" / "exp-001"
    asked_at(scene, 2, lambda: scene.control.pause(job.id))
    asked_at(scene, 4, lambda: pauses(scene, directory))
    return scene, scene.runner().run(job.id)


def test_a_running_training_is_set_aside_and_its_device_is_free(tmp_path: Path) -> None:
    scene, job = paused_training(tmp_path)
    assert (job.status, job.phase, job.is_held, job.device, job.lease_owner) == ("queued", "paused", True, None, None)
    assert job.waiting_reason == f"paused; `brewslm jobs resume {job.id}` lets it go on"
    _, event = scene.events(job.run_id)
    assert (event.reason, event.payload["last_step"], event.payload["is_checkpoint_new"]) == (
        "training_paused",
        4,
        True,
    )
    assert "at step 4" in event.summary
    assert scene.runner()._next(is_heavy=True) is None


def test_a_resumed_training_goes_on_in_the_next_attempt_and_is_no_recovery(tmp_path: Path) -> None:
    scene, job = paused_training(tmp_path, finishes)
    scene.control.resume(job.id)
    ended = scene.runner().run(job.id)
    assert ended.status is JobStatus.COMPLETED, ended.error
    assert [attempt for _, attempt in scene.engine.submitted] == [1, 2]
    reasons = scene.reasons(job.run_id)
    assert reasons == ["training_started", "training_paused", "training_resumed", "training_started", "training"]


def test_a_worker_that_does_not_answer_a_pause_is_ended_and_loses_only_its_steps(tmp_path: Path) -> None:
    scene, job = training(tmp_path, stays, finishes)
    asked_at(scene, 2, lambda: scene.control.pause(job.id))
    held = scene.runner().run(job.id)
    assert held.is_held
    assert len(scene.engine.killed) == 1
    assert scene.events(job.run_id)[-1].payload["is_checkpoint_new"] is False
    scene.control.resume(job.id)
    assert scene.runner().run(job.id).status is JobStatus.COMPLETED
    assert "training_worker_lost" not in scene.reasons(job.run_id)


def test_a_pause_that_is_withdrawn_in_time_changes_nothing(tmp_path: Path) -> None:
    scene, job = training(tmp_path, stays)
    directory = scene.folder / "experiments" / "exp-001"

    def finish() -> None:
        assert not (directory / "control" / "pause").exists()
        finishes(directory, 1)
        scene.engine.end(directory, 0)

    asked_at(scene, 2, lambda: scene.control.pause(job.id))
    asked_at(scene, 4, lambda: scene.control.resume(job.id))
    asked_at(scene, 7, finish)
    assert scene.runner().run(job.id).status is JobStatus.COMPLETED
    assert len(scene.engine.submitted) == 1


def test_a_queued_training_is_paused_at_once_and_cancelled_from_there(tmp_path: Path) -> None:
    scene, job = training(tmp_path)
    held = scene.control.pause(job.id)
    assert (held.phase, held.is_held) == ("paused", True)
    assert scene.runner().run(job.id) == held
    assert scene.jobs.cancel(job.id).status is JobStatus.CANCELLED
    assert scene.reasons(job.run_id) == ["training_paused", "training_cancelled"]


def test_a_flow_is_paused_with_its_training_and_both_go_on(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Worker(stays, finishes))
    flows = flow_over(scene.manifest())
    flow = scene.queue("autopilot")
    directory = scene.folder / "experiments" / "exp-001"
    asked_at(scene, 2, lambda: scene.control.pause(flow.id))
    asked_at(scene, 4, lambda: pauses(scene, directory))
    held = scene.runner(flows).run(flow.id)
    assert [(one.status, one.phase) for one in (held, steps_of(scene, flow)[1])] == [("queued", "paused")] * 2
    with pytest.raises(ConflictError, match=f"a step of job {flow.id}; resume that one"):
        scene.control.resume(steps_of(scene, flow)[1].id)
    scene.control.resume(flow.id)
    assert scene.runner(flows).run(flow.id).status is JobStatus.COMPLETED


def test_a_flow_that_is_set_aside_is_cancelled_with_its_steps(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Worker(stays))
    flow = scene.queue("autopilot")
    asked_at(scene, 2, lambda: scene.control.pause(flow.id))
    scene.runner(flow_over(scene.manifest())).run(flow.id)
    assert scene.jobs.cancel(flow.id).status is JobStatus.CANCELLED
    assert steps_of(scene, flow)[1].status is JobStatus.CANCELLED


def test_what_cannot_be_paused_or_resumed_is_refused_in_one_line(tmp_path: Path) -> None:
    scene, job = training(tmp_path)
    light = scene.queue("import", ImportRequest(locator="a.csv"))
    with pytest.raises(ConflictError, match=r"only trainings can be paused.*jobs cancel"):
        scene.control.pause(light.id)
    with pytest.raises(ConflictError, match="was not paused"):
        scene.control.resume(job.id)
    scene.control.pause(job.id)
    with pytest.raises(ConflictError, match="is paused already"):
        scene.control.pause(job.id)
    scene.jobs.cancel(job.id)
    with pytest.raises(ConflictError, match="is cancelled already"):
        scene.control.pause(job.id)
    with pytest.raises(ConflictError, match=f"jobs retry {job.id}"):
        scene.control.resume(job.id)


# ------------------------------------------------------------------------------------------ recovery: ask


def test_a_training_asks_before_it_goes_on_changed_and_gives_the_device_back(tmp_path: Path) -> None:
    scene, job = training(tmp_path, OOM, finishes, recovery="ask")
    held = scene.runner().run(job.id)
    assert (held.status, held.phase, held.device) == ("queued", "waiting", None)
    assert held.waiting_reason == f"waiting for an answer: `brewslm jobs answer {job.id} accept` or `refuse`"
    assert held.question is not None
    assert (held.question.what, held.question.before, held.question.after) == (
        "Memory ran out",
        {"data.micro_batch_tokens": 4096},
        {"data.micro_batch_tokens": 500},
    )
    event = scene.events(job.run_id)[-1]
    assert (event.reason, event.payload["after"]) == ("training_recovery_proposed", held.question.after)
    assert scene.runner(owner="restarted").run(job.id) == held, "a restart asks nothing twice"


def test_what_is_agreed_to_is_done_as_it_was_proposed(tmp_path: Path) -> None:
    scene, job = training(tmp_path, OOM, finishes, recovery="ask")
    scene.runner().run(job.id)
    scene.control.answer(job.id, "accept")
    assert scene.control.answer(job.id, "accept").id == job.id, "the same answer again is no mistake"
    with pytest.raises(ConflictError, match="'accept' already"):
        scene.control.answer(job.id, "refuse")
    ended = scene.runner(owner="restarted").run(job.id)
    assert ended.status is JobStatus.COMPLETED, ended.error
    file = scene.folder / "experiments" / "exp-001" / RECOVERY_FILE
    assert RecoveryFile.model_validate_json(file.read_bytes()).adjustments.micro_batch_tokens == 500
    assert scene.reasons(job.run_id) == [
        "training_started",
        "training_recovery_proposed",
        "training_answered",
        "training_recovery_started",
        "training_started",
        "training_recovered",
        "training",
    ]


def test_a_refusal_ends_the_training_with_the_cause(tmp_path: Path) -> None:
    scene, job = training(tmp_path, OOM, recovery="ask")
    scene.runner().run(job.id)
    ended = scene.control.answer(job.id, "refuse")
    assert (ended.status, ended.reason) == (JobStatus.FAILED, "training_oom")
    assert ended.error == f"Memory ran out; what was proposed was refused. `brewslm jobs retry {job.id}` tries again"


def test_a_flow_waits_with_its_training_for_an_answer(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Worker(OOM, finishes))
    manifest = scene.manifest()
    flows, flow = flow_over(manifest, recovery="ask"), scene.queue("autopilot")
    held = scene.runner(flows).run(flow.id)
    assert (held.phase, held.is_asking) == ("waiting", True)
    step = steps_of(scene, flow)[1]
    scene.control.answer(step.id, "accept")
    assert scene.runner(flows).run(flow.id).status is JobStatus.COMPLETED


def test_a_refused_flow_ends_with_its_step(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Worker(OOM))
    flow = scene.queue("autopilot")
    scene.runner(flow_over(scene.manifest(), recovery="ask")).run(flow.id)
    assert scene.control.answer(flow.id, "refuse").status is JobStatus.FAILED
    assert steps_of(scene, flow)[1].status is JobStatus.FAILED


def test_who_asks_nothing_needs_no_answer_and_who_asks_can_be_cancelled(tmp_path: Path) -> None:
    scene, job = training(tmp_path, OOM, recovery="ask")
    with pytest.raises(ConflictError, match="is queued and asks nothing"):
        scene.control.answer(job.id, "accept")
    scene.runner().run(job.id)
    assert scene.jobs.cancel(job.id).status is JobStatus.CANCELLED
    with pytest.raises(ConflictError, match="is cancelled and asks nothing"):
        scene.control.answer(job.id, "accept")


# ------------------------------------------------------------------------------------------ retry


def test_a_retry_goes_on_in_the_same_experiment_with_its_measures_counted_anew(tmp_path: Path) -> None:
    scene, job = training(tmp_path, *[OOM] * 5, vanishes(), finishes)
    failed = scene.runner().run(job.id)
    assert failed.status is JobStatus.FAILED
    again = scene.control.retry(job.id)
    assert (again.retry_of, again.kind, again.payload) == (job.id, "train", job.payload)
    assert scene.control.retry(job.id) == again, "asked again, it is the same"
    ended = scene.runner().run(again.id)
    assert ended.status is JobStatus.COMPLETED, ended.error
    assert [path.name for path, _ in scene.engine.submitted] == ["exp-001"] * 7
    reasons = scene.reasons(again.run_id)
    assert reasons[:3] == ["system_retried", "training_worker_lost", "training_started"], reasons
    file = RecoveryFile.model_validate_json((scene.folder / "experiments" / "exp-001" / RECOVERY_FILE).read_bytes())
    assert (file.adjustments.micro_batch_tokens, file.first_attempt, file.job_id) == (125, 6, again.id)
    assert [measure.cause for measure in file.measures] == ["lost"]


def test_a_retry_has_the_whole_curve_and_tells_nothing_of_old_attempts_again(tmp_path: Path) -> None:
    scene, job = training(tmp_path, vanishes(started(), logged(1)), *[vanishes(logged(2))] * 3, finishes)
    assert scene.runner().run(job.id).status is JobStatus.FAILED
    again = scene.control.retry(job.id)
    scene.runner().run(again.id)
    assert [row.step for row in scene.jobs.metrics(again.id, kind="log")] == [1, 2, 2, 2, 9]
    starts = [one for one in scene.events(again.run_id) if one.reason == "training_started"]
    assert [one.payload["attempt"] for one in starts] == [5]
    (scene.folder / "experiments" / "exp-001" / "worker.log").write_text("its log\n")
    assert scene.jobs.worker_log(job.id) == scene.jobs.worker_log(again.id) == "its log\n"


def test_a_retried_cancelled_training_does_not_take_the_old_result(tmp_path: Path) -> None:
    def cancelled(directory: Path, attempt: int) -> int:
        journal(directory, started(attempt), saved(3))
        leave_result(directory, TRAINED.model_copy(update={"status": "cancelled", "last_step": 3}))
        return 0

    scene, job = training(tmp_path, cancelled, finishes)
    assert scene.runner().run(job.id).status is JobStatus.CANCELLED
    again = scene.control.retry(job.id)
    assert scene.runner().run(again.id).status is JobStatus.COMPLETED


def test_a_retried_flow_keeps_what_it_had_made(tmp_path: Path) -> None:
    scene = Scene(tmp_path, Worker(*[OOM] * 5, finishes))
    flows, flow = flow_over(scene.manifest()), scene.queue("autopilot")
    assert scene.runner(flows).run(flow.id).status is JobStatus.FAILED
    again = scene.control.retry(flow.id)
    ended = scene.runner(flows).run(again.id)
    assert ended.status is JobStatus.COMPLETED, ended.error
    (step,) = steps_of(scene, again)
    assert (step.kind, step.retry_of) == ("train", steps_of(scene, flow)[1].id)
    assert {path.name for path, _ in scene.engine.submitted} == {"exp-001"}


def test_only_what_failed_or_was_cancelled_is_retried(tmp_path: Path) -> None:
    scene, job = training(tmp_path, finishes)
    with pytest.raises(ConflictError, match="is queued; only what failed or was cancelled"):
        scene.control.retry(job.id)
    scene.runner().run(job.id)
    with pytest.raises(ConflictError, match=f"is completed; `brewslm jobs fork {job.id}`"):
        scene.control.retry(job.id)


def test_a_job_whose_secret_is_gone_is_not_retried(scene: Scene) -> None:
    job = scene.queue("import", ImportRequest(locator="https://me:geheim@data.example/a.csv"))
    scene.jobs.cancel(job.id)
    with pytest.raises(ConflictError, match="give the whole address again"):
        scene.control.retry(job.id)


# ------------------------------------------------------------------------------------------ priority


def test_a_priority_is_an_event_and_decides_who_goes_first(scene: Scene) -> None:
    first, second = scene.queue("autopilot"), scene.queue("autopilot")
    assert scene.control.prioritize(second.id, 5).priority == 5
    assert scene.control.prioritize(second.id, 5).priority == 5
    assert scene.reasons() == ["system_prioritized"]
    claim = scene.runner()._next(is_heavy=True)
    assert claim is not None
    assert claim.job.id == second.id
    assert scene.runner(owner="two")._next(is_heavy=True) is None
    assert scene.job(first.id).waiting_reason == f"waiting for job {second.id} on the device"
    with pytest.raises(ConflictError, match="is running; only what is queued"):
        scene.control.prioritize(second.id, 0)
    with pytest.raises(ConflictError, match="beyond"):
        scene.control.prioritize(first.id, 5000)
