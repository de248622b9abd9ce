"""Gates: what a stage made is used only once whoever decides has let it pass; a flow waits, and loses nothing."""

from pathlib import Path
from typing import Any

import pytest

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.errors import AdvisorError, ConflictError, NotFoundError
from brewslm.core.job import Job, JobStatus
from brewslm.core.outcome.approval import GateMode, GateState
from brewslm.core.ports.advisor import Judgement
from brewslm.core.stage_name import StageName
from brewslm.services.gates.book import Gates
from brewslm.services.jobs import setting_aside
from brewslm.services.jobs.claim import Claim
from brewslm.stages.train.contract import TrainInputs
from tests.unit.scene import Scene, answering
from tests.unit.services.test_flows import flow_over, steps_of
from tests.unit.stages.train.test_stage import Teacher, plan


class Says:
    """A judge that was asked, and says what it is told to."""

    is_there = True

    def __init__(self, answer: bool | None) -> None:
        self.answer = answer
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def decide(self, question: str, figures: dict[str, Any]) -> Judgement:
        self.asked.append((question, figures))
        if self.answer is None:
            raise AdvisorError("The model cannot be asked: connection refused.")
        return Judgement(is_approved=self.answer, why="eval loss 1.5 is below 2.0", judge="wise")


class Gated(Scene):
    """A project with one prepared manifest, whose gates may be set."""

    def __init__(self, folder: Path, judge: Says | None = None) -> None:
        self.teacher = Teacher()
        super().__init__(folder, answering(self.teacher))
        if judge is not None:
            self.ports = self.ports_with(judge=judge)
        self.gates = Gates(self.ports, actor="cli")
        self.data: Manifest = self.manifest()

    def set(self, stage: StageName, mode: GateMode) -> None:
        self.gates.set_mode(self.project.id, stage, mode)

    def turn(self) -> None:
        """Let the lane for the device do one job, if one is free."""
        runner = self.runner(flow_over(self.data))
        claim = runner._next(is_heavy=True)
        if claim is not None:
            runner._do(claim)

    def flow(self) -> Job:
        job = self.queue("autopilot")
        self.turn()
        return self.job(job.id)

    def train(self) -> Job:
        readiness = plan(self, self.data)
        return self.run_stage("train", TrainInputs(readiness_id=readiness.id, manifest_id=self.data.id))


@pytest.fixture
def scene(tmp_path: Path) -> Gated:
    return Gated(tmp_path)


def test_without_a_setting_nobody_is_asked(scene: Gated) -> None:
    assert scene.flow().status is JobStatus.COMPLETED
    assert scene.gates.list(state=None) == ()
    assert set(scene.gates.modes(scene.project.id).values()) == {"auto"}


def test_a_flow_waits_for_a_person_and_goes_on_without_training_again(scene: Gated) -> None:
    scene.set("train", "human")
    flow = scene.flow()
    assert (flow.status, flow.phase, flow.lease_owner) == (JobStatus.QUEUED, "waiting", None)
    (gate,) = scene.gates.list()
    trained = steps_of(scene, flow)[-1]
    assert (gate.stage, gate.job_id, gate.flow_id) == ("train", trained.id, flow.id)
    assert gate.artifact_id == trained.artifact_id
    assert "eval loss 1.5000" in gate.question
    assert f"brewslm results {trained.id}" in gate.question
    assert scene.reasons(trained.run_id) == ["training", "gate_waiting"]

    for _ in range(3):  # also for a process that was started since
        scene.turn()
    assert scene.job(flow.id).phase == "waiting"
    scene.gates.decide(gate.id, GateState.APPROVED, note="the curve is smooth")
    scene.turn()
    assert scene.job(flow.id).status is JobStatus.COMPLETED
    assert len(scene.teacher.orders) == 1
    event = scene.events(trained.run_id)[-1]
    assert (event.reason, event.actor, event.payload["note"]) == ("gate_approved", "cli", "the curve is smooth")


def test_a_flow_in_the_foreground_is_given_back_at_its_gate_and_goes_on_once_somebody_approves(scene: Gated) -> None:
    scene.set("train", "human")
    job = scene.queue("autopilot")
    runner = scene.runner(flow_over(scene.data))
    held = runner.run(job.id)
    assert (held.status, held.is_held) == (JobStatus.QUEUED, True)
    assert held.waiting_reason == f"waiting for a decision: `brewslm gates approve {job.id}` or `reject`"
    scene.gates.decide(scene.gates.list()[0].id, GateState.APPROVED)
    assert not scene.job(job.id).is_held
    assert runner.run(job.id).status is JobStatus.COMPLETED


def test_a_decision_that_comes_before_the_flow_is_given_back_holds_nothing(
    scene: Gated, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.set("train", "human")
    job = scene.queue("autopilot")
    put_back = setting_aside.put_at_gate

    def late(claim: Claim, gate_id: int) -> None:
        scene.gates.decide(gate_id, GateState.APPROVED)
        put_back(claim, gate_id)

    monkeypatch.setattr("brewslm.services.runner.put_at_gate", late)
    assert scene.runner(flow_over(scene.data)).run(job.id).status is JobStatus.COMPLETED


def test_a_rejection_ends_the_flow_with_its_reason(scene: Gated) -> None:
    scene.set("preflight", "human")
    flow = scene.flow()
    scene.gates.decide(scene.gates.list()[0].id, GateState.REJECTED, note="too dear")
    scene.turn()
    ended = scene.job(flow.id)
    assert (ended.status, ended.reason) == (JobStatus.FAILED, "gate_closed")
    assert "was rejected at gate 1 by cli: too dear" in (ended.error or "")
    assert scene.teacher.orders == []


def test_a_waiting_flow_can_be_cancelled(scene: Gated) -> None:
    scene.set("train", "human")
    flow = scene.flow()
    assert scene.jobs.cancel(flow.id).status is JobStatus.CANCELLED
    scene.turn()
    assert len(scene.teacher.orders) == 1


def test_what_waits_or_was_rejected_is_refused_to_later_stages(scene: Gated) -> None:
    scene.set("preflight", "human")
    waiting = scene.train()
    assert (waiting.status, waiting.reason) == (JobStatus.FAILED, "gate_closed")
    gate = scene.gates.list()[0]
    assert f"brewslm gates approve {gate.job_id}" in (waiting.error or "")
    scene.gates.decide(gate.id, GateState.REJECTED)
    inputs = TrainInputs(readiness_id=gate.artifact_id, manifest_id=scene.data.id)
    assert "was rejected" in (scene.run_stage("train", inputs).error or "")
    assert scene.teacher.orders == []


@pytest.mark.parametrize("answer", [True, False])
def test_a_judge_decides_at_once(tmp_path: Path, answer: bool) -> None:
    judge = Says(answer)
    scene = Gated(tmp_path, judge)
    scene.set("train", "auto-judge")
    flow = scene.flow()
    (gate,) = scene.gates.list(state=None)
    assert (gate.state, gate.actor) == (GateState.APPROVED if answer else GateState.REJECTED, "judge:wise")
    assert flow.status is (JobStatus.COMPLETED if answer else JobStatus.FAILED)
    assert scene.reasons(steps_of(scene, flow)[-1].run_id) == ["training", f"gate_{gate.state}"]
    question, figures = judge.asked[0]
    assert "eval loss 1.5000" in question
    assert figures["base_eval_loss"] == 2.0


def test_a_judge_that_cannot_be_asked_leaves_it_to_a_person(tmp_path: Path) -> None:
    scene = Gated(tmp_path, Says(None))
    scene.set("train", "auto-judge")
    assert scene.flow().phase == "waiting"
    (gate,) = scene.gates.list()
    assert "connection refused" in gate.note


def test_a_gate_is_decided_once(scene: Gated) -> None:
    scene.set("train", "human")
    job = scene.train()
    gate = scene.gates.of_job(job.id)
    assert scene.gates.waiting(scene.project.id, "train") == gate
    scene.gates.decide(gate.id, GateState.APPROVED)
    with pytest.raises(ConflictError, match="approved by cli already"):
        scene.gates.decide(gate.id, GateState.REJECTED)
    with pytest.raises(NotFoundError, match="does not wait at train"):
        scene.gates.waiting(scene.project.id, "train")


def test_who_decides_is_an_event_and_only_where_it_changes(scene: Gated) -> None:
    for _ in range(2):
        scene.set("train", "human")
    changes = [event for event in scene.events() if event.reason == "gate_changed"]
    assert [(one.payload["before"], one.payload["after"]) for one in changes] == [("auto", "human")]
    assert scene.gates.modes(scene.project.id)["train"] == "human"
