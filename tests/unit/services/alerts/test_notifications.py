"""What people are told of is written with its event, and stays unread until somebody reads it."""

import pytest

from brewslm.core.errors import BrewError, WorkerError
from brewslm.core.events.base import Draft
from brewslm.core.events.failure import Failure
from brewslm.core.events.lifecycle import Autopilot, Evaluation
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ArtifactId, RunId
from brewslm.core.job import JobStatus
from brewslm.services.alerts.notifications import Notifications
from brewslm.services.jobs.claim import Claim, take
from brewslm.services.stage_runs import record_failure
from tests.unit.scene import NoRequest, Scene

FAILED = Draft(reason=Reason.TRAINING_OOM, summary="Out of memory", payload=Failure(error="e"))
STOPPED = Draft(reason=Reason.AUTOPILOT_STOPPED, summary="autopilot stopped", payload=Failure(error="e"))
EVALUATED = Draft(
    reason=Reason.EVALUATION,
    summary="better",
    payload=Evaluation(
        eval_report_id=ArtifactId("e"), verdict="better", base_loss=2, tuned_loss=1, delta_low=0, delta_high=1
    ),
)


def told(scene: Scene) -> list[tuple[str, str]]:
    page = Notifications(scene.ports).list()
    return [(one.severity, str(one.reason)) for one in reversed(page.notifications)]


def step(scene: Scene, flow: Claim, kind: str = "train") -> Claim:
    with scene.storage.write() as transaction:
        job = transaction.jobs.add(
            project_id=scene.project.id, kind=kind, payload={}, created_at=scene.clock.now(), parent_id=flow.job.id
        )
        taken = take(transaction, job, owner="one", now=scene.clock.now())
    return Claim(scene.ports, taken, owner="one", actor="cli", parent_run_id=flow.job.run_id)


def test_a_failed_job_is_told_with_the_way_to_it(scene: Scene) -> None:
    claim = scene.claim("train")
    with scene.storage.write() as transaction:
        plan = ArtifactId("readiness-0")
        experiment = transaction.experiments.add(
            project_id=scene.project.id, job_id=claim.job.id, plan_id=plan, created_at=scene.clock.now()
        )
    record_failure(claim, WorkerError("It ran out of memory.", reason=Reason.TRAINING_OOM))
    (one,) = Notifications(scene.ports).list().notifications
    (event,) = scene.events(claim.job.run_id)
    assert (one.severity, one.title, one.line) == ("error", "Training ran out of memory", "It ran out of memory.")
    assert (one.project_id, one.job_id, one.experiment_id) == (scene.project.id, claim.job.id, experiment.id)
    assert (one.event_seq, one.event_hash, one.read_at) == (event.seq, event.hash, None)


def test_without_the_event_there_is_no_notification(scene: Scene) -> None:
    claim = scene.claim("train")

    def fail() -> None:
        with scene.storage.write() as transaction:
            claim.finish(transaction, JobStatus.FAILED, FAILED)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert told(scene) == []
    assert scene.events() == ()


def test_a_failure_within_a_flow_is_told_once(scene: Scene) -> None:
    flow = scene.claim("autopilot")
    step(scene, flow).emit(FAILED)
    flow.emit(STOPPED)
    assert told(scene) == [("error", "training_oom")]


def test_a_flow_that_fails_by_itself_is_told(scene: Scene) -> None:
    flow = scene.claim("autopilot")
    flow.emit(STOPPED)
    assert told(scene) == [("error", "autopilot_stopped")]


def test_steps_that_succeed_are_told_by_the_end_of_their_flow(scene: Scene) -> None:
    flow = scene.claim("autopilot")
    step(scene, flow, "evaluate").emit(EVALUATED)
    flow.emit(Draft(reason=Reason.AUTOPILOT, summary="done", payload=Autopilot(stages=(), verdict="better")))
    scene.claim("evaluate", NoRequest()).emit(EVALUATED)
    assert told(scene) == [("info", "autopilot"), ("info", "evaluation")]


def test_what_is_no_news_is_not_told(scene: Scene) -> None:
    assert [event.reason for event in scene.jobs.newest_events()] == ["project_created"]
    assert told(scene) == []


def test_hostile_text_is_one_harmless_line(scene: Scene) -> None:
    hostile = "\x1b[2J\x07 first\r\nforged: line \u202eevil\u2028 and more \x00" + "x" * 9000
    record_failure(scene.claim("train"), BrewError(hostile, reason=Reason.TRAINING_RUNTIME_ERROR))
    (one,) = Notifications(scene.ports).list().notifications
    assert one.line.isprintable()
    assert len(one.line) == 500
    assert one.line.startswith("\\x1b[2J\\x07 first forged: line \\u202eevil and more \\x00xxx")


def test_reading_counts_once(scene: Scene) -> None:
    for _ in range(4):
        scene.claim("train").emit(FAILED)
    bell = Notifications(scene.ports)
    assert bell.num_unread() == 4
    assert bell.mark_read(ids=[3, 99]).model_dump() == {"num_marked": 1, "num_unread": 3}
    assert bell.mark_read(up_to_id=3).model_dump() == {"num_marked": 2, "num_unread": 1}
    assert bell.mark_read(up_to_id=3).model_dump() == {"num_marked": 0, "num_unread": 1}
    page = bell.list(is_unread=True)
    assert ([one.id for one in page.notifications], page.num_unread) == ([4], 1)
    page = bell.list(limit=2)
    assert ([one.id for one in page.notifications], page.next_before_id) == ([4, 3], 3)
    assert [one.id for one in bell.list(before_id=3, is_unread=False).notifications] == [2, 1]


def test_an_event_of_no_job_leads_to_none(scene: Scene) -> None:
    from brewslm.services.recording import Origin, emit_event

    with scene.storage.write() as transaction:
        origin = Origin(project_id=None, run_id=RunId("system"), actor="system")
        emit_event(transaction, FAILED, origin=origin, occurred_at=scene.clock.now())
    (one,) = Notifications(scene.ports).list().notifications
    assert (one.project_id, one.job_id, one.experiment_id) == (None, None, None)
