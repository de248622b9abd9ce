"""Setting a job aside: its work stops for now, its device is given back, and it is queued until a person says more."""

from dataclasses import dataclass
from typing import Any

from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import TrainingPaused
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import JobId
from brewslm.core.job import Job, JobStatus
from brewslm.core.outcome.approval import GateState
from brewslm.core.ports.storage import Transaction
from brewslm.core.wire.recovery import Question
from brewslm.services.jobs.claim import Claim


@dataclass(frozen=True, slots=True)
class Aside:
    """Why a job is set aside, and what is recorded with it."""

    draft: Draft | None
    """The event; None where it was recorded before."""
    question: Question | None = None
    """What a person has to answer first."""


class SetAsideError(Exception):
    """Work was set aside: neither a success nor a failure. Whoever holds its job puts that back into the queue."""

    def __init__(self, aside: Aside) -> None:
        """Keep why."""
        super().__init__("the job is set aside")
        self.aside = aside


def paused(job: Job, *, last_step: int | None, is_checkpoint_new: bool) -> Aside:
    """Set a job aside because somebody asked for a pause."""
    where = f" at step {last_step}" if last_step else ""
    payload = TrainingPaused(job_id=job.id, last_step=last_step, is_checkpoint_new=is_checkpoint_new)
    summary = f"Job {job.id} ({job.kind}) was paused{where}; its device is free"
    return Aside(Draft(reason=Reason.TRAINING_PAUSED, summary=summary, payload=payload))


def put_back(claim: Claim, aside: Aside) -> None:
    """Queue the job of a stage run that was set aside."""
    with claim.transaction() as transaction:
        job = claim.stored(transaction)
        is_paused = job.is_pause_requested or (job.parent_id is not None and aside.question is None)
        question = aside.question or job.question
        claim.put_back(transaction, question=question, **shown(job, is_paused=is_paused, question=question))
        if aside.draft is not None:
            claim.emit_in(transaction, aside.draft)


def put_flow_back(claim: Claim) -> None:
    """Queue a flow whose step was set aside. Whether it is held is read anew: somebody may have answered meanwhile."""
    with claim.transaction() as transaction:
        question = next((one.question for one in transaction.jobs.list(parent_id=claim.job.id) if one.is_asking), None)
        job = claim.stored(transaction)
        claim.put_back(
            transaction, question=question, **shown(job, is_paused=job.is_pause_requested, question=question)
        )
        if job.is_pause_requested:
            aside = paused(job, last_step=None, is_checkpoint_new=False)
            if aside.draft is not None:
                claim.emit_in(transaction, aside.draft)


def put_at_gate(claim: Claim, gate_id: int) -> None:
    """Queue a flow that waits for a decision; somebody may have made it meanwhile."""
    with claim.transaction() as transaction:
        job = claim.stored(transaction)
        is_waiting = transaction.gates.get(gate_id).state is GateState.WAITING
        job = job.model_copy(update={"gate_id": gate_id if is_waiting else None})
        claim.put_back(transaction, gate_id=job.gate_id, **shown(job, is_paused=job.is_pause_requested))


def shown(job: Job, *, is_paused: bool, question: Question | None = None) -> dict[str, Any]:
    """Return what people are shown of a queued job: its phase, and why it waits."""
    number = job.parent_id or job.id
    if is_paused:
        return {"phase": "paused", "waiting_reason": f"paused; `brewslm jobs resume {number}` lets it go on"}
    if job.gate_id is not None:
        reason = f"waiting for a decision: `brewslm gates approve {number}` or `reject`"
        return {"phase": "waiting", "waiting_reason": reason}
    if question is not None and question.answer is None:
        reason = f"waiting for an answer: `brewslm jobs answer {number} accept` or `refuse`"
        return {"phase": "waiting", "waiting_reason": reason}
    return {"phase": "queued", "waiting_reason": None}


def family_of(transaction: Transaction, job_id: JobId) -> tuple[Job, ...]:
    """Return a job and its steps, or the flow of a step and all of its steps; the whole comes first."""
    job = transaction.jobs.get(job_id)
    whole = job if job.parent_id is None else transaction.jobs.get(job.parent_id)
    return (whole, *sorted(transaction.jobs.list(parent_id=whole.id), key=lambda one: one.id))


def is_open(job: Job) -> bool:
    """Whether a job has not ended."""
    return job.status in (JobStatus.QUEUED, JobStatus.RUNNING)
