"""Asking for work: the same key gives the same job, and a request to stop reaches the work wherever it is."""

from pathlib import Path
from typing import Any

import pytest

from brewslm.core.errors import CancelledError, ConflictError, InvalidRequestError, NotFoundError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Autopilot
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ArtifactId, JobId, ProjectId
from brewslm.core.job import JobStatus
from brewslm.services.flows import FlowOutcome, FlowRun
from brewslm.services.requests import AutopilotRequest, ImportRequest
from tests.unit.scene import Scene


def test_the_same_key_gives_the_same_job(scene: Scene) -> None:
    request = ImportRequest(locator="a.csv")
    first = scene.queue("import", request, key="k")
    assert scene.queue("import", request, key="k") == first
    assert scene.queue("import", request).id != first.id


def test_the_same_key_for_another_request_is_refused(scene: Scene) -> None:
    scene.queue("import", ImportRequest(locator="a.csv"), key="k")
    with pytest.raises(ConflictError):
        scene.queue("import", ImportRequest(locator="b.csv"), key="k")


def test_work_for_a_project_that_does_not_exist_is_refused(scene: Scene) -> None:
    with pytest.raises(NotFoundError):
        scene.jobs.submit(ProjectId(404), "import", ImportRequest(locator="a.csv"))


def test_a_recipe_that_no_plan_could_take_is_refused(scene: Scene) -> None:
    asked = AutopilotRequest(overrides={"optim.learning_rat": 0.1})
    with pytest.raises(InvalidRequestError, match=r"did you mean optim\.learning_rate\?"):
        scene.queue("autopilot", asked)
    assert scene.jobs.list() == ()


def test_a_queued_job_is_cancelled_at_once_and_never_done(scene: Scene) -> None:
    def flow(_payload: dict[str, Any], _run: FlowRun) -> FlowOutcome:
        raise AssertionError("it was done")

    job = scene.jobs.cancel(scene.queue().id)
    assert (job.status, job.reason) == (JobStatus.CANCELLED, "training_cancelled")
    assert job.finished_at is not None
    assert scene.reasons(job.run_id) == ["training_cancelled"]
    assert scene.runner({"import": flow}).run(job.id) == job


def test_a_running_job_is_asked_to_stop_and_stops_where_it_looks(scene: Scene) -> None:
    def flow(_payload: dict[str, Any], run: FlowRun) -> FlowOutcome:
        asked = scene.jobs.cancel(run.claim.job.id)
        assert (asked.status, asked.is_cancel_requested) == (JobStatus.RUNNING, True)
        run.claim.raise_if_cancelled()
        raise AssertionError("it went on")

    job = scene.runner({"import": flow}).run(scene.queue().id)
    assert (job.status, job.reason) == (JobStatus.CANCELLED, CancelledError.reason)
    assert scene.reasons(job.run_id) == ["autopilot_stopped"]


def test_asking_twice_is_no_mistake_while_it_runs(scene: Scene) -> None:
    claim = scene.claim()
    scene.jobs.cancel(claim.job.id)
    assert scene.jobs.cancel(claim.job.id).is_cancel_requested


def test_what_has_ended_cannot_be_cancelled(scene: Scene) -> None:
    job = scene.jobs.cancel(scene.queue().id)
    with pytest.raises(ConflictError, match="is cancelled already"):
        scene.jobs.cancel(job.id)


def test_a_job_that_does_not_exist_is_named(scene: Scene) -> None:
    for ask in (scene.jobs.get, scene.jobs.cancel, scene.jobs.metrics, scene.jobs.worker_log):
        with pytest.raises(NotFoundError, match="404"):
            ask(JobId(404))


def worker_log(scene: Scene, folder: str, text: str) -> Path:
    path = scene.folder / "experiments" / folder / "worker.log"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_the_log_of_a_training_is_that_of_its_experiment(scene: Scene) -> None:
    claim = scene.claim("train")
    with scene.storage.write() as transaction:
        transaction.experiments.add(
            project_id=scene.project.id,
            job_id=claim.job.id,
            plan_id=ArtifactId("p"),
            created_at=scene.clock.now(),
        )
    worker_log(scene, "exp-001", "step 1\n")
    assert scene.jobs.worker_log(claim.job.id) == "step 1\n"


def test_the_log_of_a_job_is_not_that_of_one_with_a_longer_number(scene: Scene) -> None:
    job = scene.queue("evaluate")
    worker_log(scene, f"exp-001/evaluate-1{job.id}", "another's\n")
    with pytest.raises(NotFoundError, match="no worker log"):
        scene.jobs.worker_log(job.id)
    worker_log(scene, f"exp-001/evaluate-{job.id}", "mine\n")
    assert scene.jobs.worker_log(job.id) == "mine\n"


def test_a_flow_shows_the_log_of_its_newest_step(scene: Scene) -> None:
    flow = scene.queue("evaluation")
    with scene.storage.write() as transaction:
        steps = [
            transaction.jobs.add(
                project_id=scene.project.id, kind=kind, payload={}, created_at=scene.clock.now(), parent_id=flow.id
            )
            for kind in ("evaluate", "export")
        ]
    worker_log(scene, f"exp-001/evaluate-{steps[0].id}", "older\n")
    assert scene.jobs.worker_log(flow.id) == "older\n"
    worker_log(scene, f"exp-001/export-{steps[1].id}", "newer\n")
    assert scene.jobs.worker_log(flow.id) == "newer\n"


DONE = Draft(reason=Reason.AUTOPILOT, summary="Done.", payload=Autopilot(stages=(), verdict="done"))
SECRET = ImportRequest(locator="https://me:geheim@data.example/a.csv?geheim")


def test_what_is_secret_is_not_written_down_and_reaches_the_work(scene: Scene) -> None:
    def flow(payload: dict[str, Any], run: FlowRun) -> FlowOutcome:
        found.append(run.ports.secrets.reveal(payload["locator"]))
        return FlowOutcome(artifact_id=None, event=DONE)

    found: list[str] = []
    job = scene.queue("import", SECRET, key="k")
    assert "geheim" not in job.model_dump_json()
    assert scene.queue("import", SECRET, key="k") == job, "the same request is still the same"
    assert scene.runner({"import": flow}).run(job.id).status is JobStatus.COMPLETED
    assert found == [SECRET.locator]
    assert scene.secrets.kept() == frozenset()
    scene.queue("import", SECRET, key="k")
    assert scene.secrets.kept() == frozenset(), "asking again for what has ended keeps nothing"


def test_a_secret_that_another_job_needs_outlives_a_cancelled_one(scene: Scene) -> None:
    first, second = scene.queue("import", SECRET), scene.queue("import", SECRET)
    scene.jobs.cancel(first.id)
    assert len(scene.secrets.kept()) == 1
    scene.jobs.cancel(second.id)
    assert scene.secrets.kept() == frozenset()
