"""What is asked at the end of a stage, and what its answer lets pass. This is the only place that knows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from brewslm.core.errors import AdvisorError, GateRefusedError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import GateOpened
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ArtifactId, JobId
from brewslm.core.job import Job
from brewslm.core.outcome.approval import GateMode, GateState, StageGate
from brewslm.core.ports.advisor import Judge
from brewslm.core.ports.storage import Transaction
from brewslm.core.stage_name import StageName
from brewslm.services.gates.telling import decided_draft


class GateWaitingError(Exception):
    """A person has to let work pass: neither a success nor a failure. A flow is given back until somebody has."""

    def __init__(self, gate_id: int) -> None:
        """Keep which gate it is."""
        super().__init__(f"gate {gate_id} waits for a decision")
        self.gate_id = gate_id


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that is about to be recorded, with the answer of the judge if it gave one."""

    mode: GateMode
    question: str
    state: GateState = GateState.WAITING
    note: str = ""
    actor: str | None = None


def ask(mode: GateMode, job: Job, stage: StageName, draft: Draft, judge: Judge) -> Asked | None:
    """Return what is asked about what `job` made; None where its own checks have decided.

    Args:
        mode: who decides.
        job: the stage run.
        stage: its stage.
        draft: the event of its success, which has the figures.
        judge: asked under `auto-judge`; where it gives no decision, a person decides.
    """
    if mode == "auto":
        return None
    question = f"{draft.summary.rstrip('.')}. Look at it with `{_where(job, stage)}`. May it be used?"
    if mode == "human":
        return Asked(mode, question)
    try:
        judgement = judge.decide(draft.summary, draft.payload.model_dump(mode="json"))
    except AdvisorError as error:
        return Asked(mode, question, note=f"The judge did not decide, so a person must: {error}")
    state = GateState.APPROVED if judgement.is_approved else GateState.REJECTED
    return Asked(mode, question, state, judgement.why, f"judge:{judgement.judge}")


def open_gate(
    transaction: Transaction, job: Job, stage: StageName, asked: Asked, *, artifact_id: ArtifactId, now: datetime
) -> Draft:
    """Record a question about what `job` has just made; return its event."""
    gate = transaction.gates.add(
        StageGate(
            id=0,
            project_id=job.project_id,
            stage=stage,
            mode=asked.mode,
            job_id=job.id,
            flow_id=job.parent_id,
            artifact_id=artifact_id,
            state=asked.state,
            question=asked.question,
            note=asked.note,
            actor=asked.actor,
            opened_at=now,
            decided_at=None if asked.state is GateState.WAITING else now,
        )
    )
    if gate.state is not GateState.WAITING:
        return decided_draft(gate)
    opened = GateOpened(gate_id=gate.id, stage=stage, job_id=job.id, artifact_id=artifact_id, question=gate.question)
    summary = f"Gate {gate.id} of {stage} waits for a person. {gate.note} {gate.question}"
    return Draft(reason=Reason.GATE_WAITING, summary=summary, payload=opened)


def pass_flow(transaction: Transaction, job_id: JobId) -> None:
    """Let a flow go on from one of its steps.

    Raises:
        GateWaitingError: nobody has decided yet.
        GateRefusedError: it was decided against.
    """
    for gate in transaction.gates.list(job_id=job_id):
        if gate.state is GateState.WAITING:
            raise GateWaitingError(gate.id)
        _refuse_rejected(gate)


def pass_inputs(transaction: Transaction, job: Job, artifact_ids: Iterable[ArtifactId]) -> None:
    """Let a stage run use these artifacts. Of several questions about one, the newest counts.

    Raises:
        GateRefusedError: nobody has let one of them pass yet, or it was decided against.
    """
    for artifact_id in artifact_ids:
        for gate in transaction.gates.list(project_id=job.project_id, artifact_id=artifact_id)[:1]:
            if gate.state is GateState.WAITING:
                message = f"{artifact_id!r} waits at gate {gate.id}; `brewslm gates approve {gate.job_id}` lets it pass"
                raise GateRefusedError(message, reason=Reason.GATE_CLOSED)
            _refuse_rejected(gate)


def _refuse_rejected(gate: StageGate) -> None:
    if gate.state is GateState.REJECTED:
        why = f": {gate.note}" if gate.note else ""
        message = f"{gate.artifact_id!r} was rejected at gate {gate.id} by {gate.actor}{why}; run {gate.stage} again"
        raise GateRefusedError(message, reason=Reason.GATE_CLOSED)


def _where(job: Job, stage: StageName) -> str:
    return f"brewslm results {job.id}" if stage == "train" else f"brewslm jobs show {job.id}"
