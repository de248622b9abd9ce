"""Flows: several stage runs as one job; run again after a crash, it goes on where it stopped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.optimization import Optimization
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.errors import ClaimLostError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Autopilot
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ArtifactId
from brewslm.core.job import Job, JobStatus
from brewslm.services.flows import Flow, FlowOutcome, FlowRun
from brewslm.services.recording import record_of
from brewslm.stages.preflight.contract import PreflightInputs
from brewslm.stages.train.contract import TrainInputs
from tests.unit.scene import Scene, answering
from tests.unit.stages.train.test_stage import Teacher

Hook = Callable[[FlowRun], Any]


def nothing(_run: FlowRun) -> None:
    return None


def flow_over(
    manifest: Manifest, *, between: Hook = nothing, at_end: Hook = nothing, seed: int = 1, **overrides: Any
) -> dict[str, Flow]:
    """A small autopilot: plan, then train."""

    def flow(_payload: dict[str, Any], run: FlowRun) -> FlowOutcome:
        wanted = PreflightInputs(manifest_id=manifest.id, base_model="tiny", overrides={"seed": seed, **overrides})
        readiness_id = run.step("preflight", wanted, share=0.1)
        between(run)
        inputs = TrainInputs(readiness_id=readiness_id, manifest_id=manifest.id)
        adapter_id = run.step("train", inputs, share=0.2)
        at_end(run)
        payload = Autopilot(stages=("preflight", "train"), verdict="done")
        return FlowOutcome(adapter_id, Draft(reason=Reason.AUTOPILOT, summary="Done.", payload=payload))

    return {"autopilot": flow}


def dies(_run: FlowRun) -> None:
    raise KeyboardInterrupt


def steps_of(scene: Scene, flow: Job) -> list[Job]:
    return sorted(scene.jobs.list(parent_id=flow.id), key=lambda job: job.id)


@pytest.fixture
def teaching(tmp_path: Path) -> Scene:
    return Scene(tmp_path, answering(Teacher()))


def test_a_flow_runs_its_steps_as_its_children(teaching: Scene) -> None:
    manifest = teaching.manifest()
    job = teaching.runner(flow_over(manifest)).run(teaching.queue("autopilot").id)
    steps = steps_of(teaching, job)
    assert [(step.kind, step.status) for step in steps] == [("preflight", "completed"), ("train", "completed")]
    assert (job.status, job.artifact_id) == (JobStatus.COMPLETED, steps[1].artifact_id)
    events = [event for event in teaching.events() if event.run_id != job.run_id]
    assert {event.parent_run_id for event in events} == {job.run_id}


@pytest.mark.parametrize("place", ["between", "at_end"])
def test_a_flow_that_died_goes_on_where_it_stopped(teaching: Scene, place: str) -> None:
    manifest = teaching.manifest()
    queued = teaching.queue("autopilot")
    with pytest.raises(KeyboardInterrupt):
        teaching.runner(flow_over(manifest, **{place: dies})).run(queued.id)
    job = teaching.runner(flow_over(manifest), owner="next", gone=lambda _owner: True).run(queued.id)
    assert (job.status, job.attempt) == (JobStatus.COMPLETED, 2)
    assert [(step.kind, step.attempt) for step in steps_of(teaching, job)] == [("preflight", 1), ("train", 1)]
    assert len(teaching.engine.submitted) == 1
    reasons = teaching.reasons()
    assert [reasons.count(reason) for reason in ("preflight", "training", "autopilot", "system_recovered")] == [1] * 4


def test_a_step_that_was_begun_keeps_the_inputs_that_it_was_begun_with(teaching: Scene) -> None:
    manifest = teaching.manifest()
    queued = teaching.queue("autopilot")
    with pytest.raises(KeyboardInterrupt):
        teaching.runner(flow_over(manifest, between=dies, seed=1)).run(queued.id)
    # Meanwhile the world has changed, and the flow would choose otherwise today.
    job = teaching.runner(flow_over(manifest, seed=2), gone=lambda _owner: True, owner="next").run(queued.id)
    assert job.status is JobStatus.COMPLETED, job.error
    plan = teaching.read(Readiness, steps_of(teaching, job)[0]).plan
    assert plan.recipe.seed == 1


def test_a_training_that_outlived_its_flow_is_found_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path, lambda _directory, _attempt: None)
    manifest = scene.manifest()
    queued = scene.queue("autopilot")
    sleep, polls = scene.clock.sleep, []

    def poll(seconds: float) -> None:
        sleep(seconds)
        polls.append(seconds)
        if len(polls) == 2:
            raise KeyboardInterrupt
        if len(polls) == 4:
            (directory, _), *_ = scene.engine.submitted
            answering(Teacher())(directory, 1)
            scene.engine.end(directory, 0)

    scene.clock.sleep = poll  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        scene.runner(flow_over(manifest)).run(queued.id)
    job = scene.runner(flow_over(manifest), owner="next", gone=lambda _owner: True).run(queued.id)
    assert job.status is JobStatus.COMPLETED, job.error
    assert [step.attempt for step in steps_of(scene, job)] == [1, 2]
    assert len(scene.engine.submitted) == 1


def test_a_flow_that_is_cancelled_while_its_server_is_away_stops_the_worker_that_lives_on(tmp_path: Path) -> None:
    scene = Scene(tmp_path, lambda _directory, _attempt: None)
    manifest = scene.manifest()
    queued = scene.queue("autopilot")

    def dies_beside_the_worker(_seconds: float) -> None:
        raise KeyboardInterrupt

    scene.clock.sleep = dies_beside_the_worker  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        scene.runner(flow_over(manifest)).run(queued.id)
    scene.jobs.cancel(queued.id)
    job = scene.runner(flow_over(manifest), owner="next", gone=lambda _owner: True).run(queued.id)
    (directory, _), *_ = scene.engine.submitted
    assert scene.engine.cancelled == [directory]
    assert [step.status for step in steps_of(scene, job)] == [JobStatus.COMPLETED, JobStatus.CANCELLED]
    assert (job.status, job.reason) == (JobStatus.CANCELLED, "training_cancelled")


def test_a_training_that_is_cancelled_while_its_server_is_away_stops_its_worker(tmp_path: Path) -> None:
    scene = Scene(tmp_path, lambda _directory, _attempt: None)
    manifest = scene.manifest()
    plan = scene.run_stage("preflight", PreflightInputs(manifest_id=manifest.id, base_model="tiny"))
    assert plan.artifact_id is not None
    queued = scene.queue("train", TrainInputs(readiness_id=plan.artifact_id, manifest_id=manifest.id))

    def dies_beside_the_worker(_seconds: float) -> None:
        raise KeyboardInterrupt

    scene.clock.sleep = dies_beside_the_worker  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        scene.runner().run(queued.id)
    scene.jobs.cancel(queued.id)
    job = scene.runner(owner="next", gone=lambda _owner: True).run(queued.id)
    assert len(scene.engine.cancelled) == 1
    assert job.status is JobStatus.CANCELLED


def test_a_cancelled_flow_begins_no_further_step(teaching: Scene) -> None:
    manifest = teaching.manifest()
    flow = flow_over(manifest, between=lambda run: teaching.jobs.cancel(run.claim.job.id))
    job = teaching.runner(flow).run(teaching.queue("autopilot").id)
    assert job.status is JobStatus.CANCELLED
    assert teaching.engine.submitted == []
    assert [step.status for step in steps_of(teaching, job)] == [JobStatus.COMPLETED, JobStatus.CANCELLED]


def test_a_step_that_failed_stops_the_flow_with_its_line_and_reason(teaching: Scene) -> None:
    manifest = teaching.manifest()
    teaching.machine.free_bytes = 1
    job = teaching.runner(flow_over(manifest)).run(teaching.queue("autopilot").id)
    step = steps_of(teaching, job)[1]
    assert (job.status, job.reason, job.error) == (JobStatus.FAILED, "preflight_blocked", step.error)
    assert teaching.reasons(job.run_id) == ["autopilot_stopped"]


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELLED])
def test_a_flow_that_died_after_its_step_had_ended_badly_ends_in_the_same_way(
    teaching: Scene, status: JobStatus
) -> None:
    manifest = teaching.manifest()
    queued = teaching.queue("autopilot")
    with pytest.raises(KeyboardInterrupt):
        teaching.runner(flow_over(manifest, between=dies)).run(queued.id)
    (step,) = steps_of(teaching, queued)
    jobs = teaching.storage._state.jobs
    bad = {"status": status, "error": "It broke.", "reason": "training_oom", "artifact_id": None}
    jobs[step.id] = step.model_copy(update=bad)
    job = teaching.runner(flow_over(manifest), owner="next", gone=lambda _owner: True).run(queued.id)
    assert (job.status, job.error, job.reason) == (status, "It broke.", "training_oom")


def test_a_flow_that_lost_its_job_begins_no_step(teaching: Scene) -> None:
    manifest = teaching.manifest()
    lost = []

    def lose(run: FlowRun) -> None:
        lost.append(teaching.take_over(run.claim))
        with pytest.raises(ClaimLostError):
            run.step("train", TrainInputs(readiness_id=ArtifactId("r"), manifest_id=manifest.id), share=0.5)
        raise KeyboardInterrupt

    queued = teaching.queue("autopilot")
    with pytest.raises(KeyboardInterrupt):
        teaching.runner(flow_over(manifest, between=lose)).run(queued.id)
    assert [step.kind for step in steps_of(teaching, queued)] == ["preflight"]


def test_what_a_flow_makes_itself_comes_with_its_end_or_not_at_all(scene: Scene) -> None:
    def flow_that(outcome_of: Callable[[FlowRun], Draft]) -> dict[str, Flow]:
        def flow(_payload: dict[str, Any], run: FlowRun) -> FlowOutcome:
            optimization = Optimization(
                bundle_id=ArtifactId("bundle-0"),
                device="laptop_cpu",
                device_memory_bytes=None,
                device_source="",
                runtime="",
                candidates=(),
                recommended=None,
                reason="",
            )
            made = record_of(optimization, run.claim.job, parents=(), created_at=scene.clock.now())
            return FlowOutcome(artifact_id=made.id, event=outcome_of(run), made=made)

        return {"optimize": flow}

    def fine(_run: FlowRun) -> Draft:
        return Draft(reason=Reason.AUTOPILOT, summary="Done.", payload=Autopilot(stages=(), verdict=""))

    def loses(run: FlowRun) -> Draft:
        scene.take_over(run.claim)
        scene.jobs.cancel(run.claim.job.id)
        return fine(run)

    runner = scene.runner(flow_that(loses))
    claim = runner._claim(scene.queue("optimize").id)
    assert claim is not None
    runner._do(claim)
    assert scene.projects.artifacts() == ()
    job = scene.runner(flow_that(fine)).run(scene.queue("optimize").id)
    assert [record.id for record in scene.projects.artifacts()] == [job.artifact_id]
