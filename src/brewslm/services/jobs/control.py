"""What a person does with a job that was asked for: pause, resume, answer, retry, and its place in the line."""

from typing import Any, Literal

from brewslm.core.errors import BrewError, ConflictError
from brewslm.core.events.base import Draft
from brewslm.core.events.failure import Failure
from brewslm.core.events.lifecycle import RecoveryAnswered, SystemPrioritized, SystemRetried, TrainingResumed
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import JobId
from brewslm.core.job import MAX_PRIORITY, PAUSABLE, Job, JobStatus
from brewslm.core.ports.secrets import secret_id_of
from brewslm.core.ports.storage import Transaction
from brewslm.core.wire.recovery import Question
from brewslm.services.engines.line import wish_of
from brewslm.services.jobs.recovering import REASONS
from brewslm.services.jobs.setting_aside import family_of, paused, shown
from brewslm.services.ports import Ports
from brewslm.services.recording import Origin, emit_event

Answer = Literal["accept", "refuse"]


class Control:
    """Changes of jobs by people. Each is one transaction with its event; what follows from it is done by runners."""

    def __init__(self, ports: Ports, *, actor: str) -> None:
        """Bind it to the ports; `actor` is who events name."""
        self._ports = ports
        self._actor = actor

    def pause(self, job_id: JobId) -> Job:
        """Set a training aside: at once where it is queued, else when its worker has saved a checkpoint.

        Raises:
            ConflictError: it is no training, has ended, or is paused already.
        """
        with self._ports.storage.write() as transaction:
            job = _whole(transaction, job_id, "pause")
            if job.status.is_final:
                raise ConflictError(f"job {job.id} is {job.status} already; there is nothing to pause")
            if job.kind not in PAUSABLE:
                message = f"job {job.id} is {job.kind}, which has no checkpoints to go on from; only trainings can be "
                message += f"paused. `brewslm jobs cancel {job.id}` stops it."
                raise ConflictError(message)
            if job.is_pause_requested:
                raise ConflictError(f"job {job.id} is paused already; `brewslm jobs resume {job.id}` lets it go on")
            if job.is_cancel_requested:
                raise ConflictError(f"job {job.id} is being cancelled; there is nothing to pause")
            if job.status is JobStatus.RUNNING:
                return self._changed(transaction, job, is_pause_requested=True)
            self._emit(transaction, job, paused(job, last_step=None, is_checkpoint_new=False).draft)
            return self._changed(transaction, job, is_pause_requested=True, **shown(job, is_paused=True))

    def resume(self, job_id: JobId) -> Job:
        """Let a paused job go on when its device is free; one that is about to be paused is left alone.

        Raises:
            ConflictError: it is not paused.
        """
        with self._ports.storage.write() as transaction:
            job = _whole(transaction, job_id, "resume")
            if job.status.is_final:
                raise ConflictError(f"job {job.id} is {job.status}; {_advice(job)}")
            if not job.is_pause_requested:
                more = f"it is {job.waiting_reason}" if job.waiting_reason else "there is nothing to resume"
                raise ConflictError(f"job {job.id} is {job.status} and was not paused; {more}")
            changes: dict[str, Any] = {"is_pause_requested": False}
            if job.status is JobStatus.QUEUED:
                changes |= shown(job, is_paused=False, question=job.question)
            payload = TrainingResumed(job_id=job.id)
            summary = f"Job {job.id} ({job.kind}) may go on"
            self._emit(transaction, job, Draft(reason=Reason.TRAINING_RESUMED, summary=summary, payload=payload))
            return self._changed(transaction, job, **changes)

    def answer(self, job_id: JobId, answer: Answer) -> Job:
        """Answer what a training asks before it goes on changed. A refusal ends it.

        Raises:
            ConflictError: it asks nothing, or was answered otherwise.
        """
        with self._ports.storage.write() as transaction:
            family = family_of(transaction, job_id)
            asking = [one for one in family if one.is_asking]
            if not asking:
                return _answered(family, answer)
            for job in asking:
                question = job.question
                if question is None:
                    continue
                given = question.model_copy(update={"answer": answer})
                if job is asking[-1]:
                    self._emit(transaction, job, _said(job, given, answer))
                if answer == "accept":
                    visible = shown(job, is_paused=job.is_pause_requested, question=given)
                    self._changed(transaction, job, question=given, **visible)
                else:
                    self._refuse(transaction, job, given)
            return transaction.jobs.get(family[0].id)

    def retry(self, job_id: JobId) -> Job:
        """Do a failed or cancelled job again, as a new job. A training goes on from its newest checkpoint.

        Asked again while that one has not ended, it is the same.

        Raises:
            ConflictError: the job is completed, has not ended, is a step of a flow, or needs a secret that is gone.
        """
        with self._ports.storage.write() as transaction:
            asked = _whole(transaction, job_id, "retry")
            job = _newest_retry(transaction, asked)
            if not job.status.is_final:
                if job.id != asked.id:
                    return job
                raise ConflictError(f"job {job.id} is {job.status}; only what failed or was cancelled is done again")
            if job.status is JobStatus.COMPLETED:
                raise ConflictError(f"job {job.id} is completed; {_advice(job)}")
            secret_id = secret_id_of(job.payload.get("locator"))
            if secret_id is not None and secret_id not in self._ports.secrets.kept():
                message = f"what is secret of the address of job {job.id} was kept until it ended; give the whole "
                raise ConflictError(message + "address again, as a new job")
            new = transaction.jobs.add(
                project_id=job.project_id,
                kind=job.kind,
                payload=job.payload,
                created_at=self._ports.clock.now(),
                priority=job.priority,
                retry_of=job.id,
            )
            if (wish := wish_of(job.device)) is not None:
                new = transaction.jobs.change(new, device=wish) or new
            transaction.experiments.hand_over(from_job=job.id, to_job=new.id)
            payload = SystemRetried(job_id=new.id, kind=new.kind, retry_of=job.id)
            summary = f"Job {new.id} does job {job.id} ({job.kind}) again, which {_how_it_ended(job)}"
            self._emit(transaction, new, Draft(reason=Reason.SYSTEM_RETRIED, summary=summary, payload=payload))
            return new

    def prioritize(self, job_id: JobId, priority: int) -> Job:
        """Change a job's place in the line.

        Raises:
            ConflictError: it has begun or ended, or is a step of a flow.
        """
        if abs(priority) > MAX_PRIORITY:
            raise ConflictError(f"priority={priority} is beyond ±{MAX_PRIORITY}; choose one within")
        with self._ports.storage.write() as transaction:
            job = _whole(transaction, job_id, "prioritize")
            if job.status is not JobStatus.QUEUED:
                raise ConflictError(f"job {job.id} is {job.status}; only what is queued has a place in the line")
            if job.priority == priority:
                return job
            payload = SystemPrioritized(job_id=job.id, before=job.priority, after=priority)
            summary = f"The priority of job {job.id} ({job.kind}) is {priority} now, and was {job.priority}"
            self._emit(transaction, job, Draft(reason=Reason.SYSTEM_PRIORITIZED, summary=summary, payload=payload))
            return self._changed(transaction, job, priority=priority)

    def _refuse(self, transaction: Transaction, job: Job, question: Question) -> None:
        """End a job whose proposal was refused: for the cause of the failure, with the worker's own words."""
        number = job.parent_id or job.id
        error = BrewError(
            f"{question.what}; what was proposed was refused. `brewslm jobs retry {number}` tries again",
            reason=REASONS[question.measure.cause],
        )
        reason = Reason.AUTOPILOT_STOPPED if job.kind == "autopilot" else error.code
        payload = Failure(error=str(error), detail="refused")
        self._emit(transaction, job, Draft(reason=reason, summary=str(error), payload=payload))
        self._changed(
            transaction,
            job,
            status=JobStatus.FAILED,
            phase="failed",
            question=question,
            reason=error.code,
            error=str(error),
            waiting_reason=None,
            finished_at=self._ports.clock.now(),
        )

    def _changed(self, transaction: Transaction, job: Job, **changes: Any) -> Job:  # noqa: ANN401 - fields of Job
        changed = transaction.jobs.change(job, **changes)
        if changed is None:  # a writing transaction keeps others out
            raise ConflictError(f"job {job.id} was changed by another process at the same moment; try again")
        return changed

    def _emit(self, transaction: Transaction, job: Job, draft: Draft | None) -> None:
        if draft is None:
            return
        origin = Origin(project_id=job.project_id, run_id=job.run_id, actor=self._actor)
        emit_event(transaction, draft, origin=origin, occurred_at=self._ports.clock.now())


def _whole(transaction: Transaction, job_id: JobId, verb: str) -> Job:
    job = transaction.jobs.get(job_id)
    if job.parent_id is not None:
        command = "priority" if verb == "prioritize" else verb
        message = f"job {job_id} is a step of job {job.parent_id}; {verb} that one: `brewslm jobs {command} "
        raise ConflictError(f"{message}{job.parent_id}`")
    return job


def _newest_retry(transaction: Transaction, job: Job) -> Job:
    while found := transaction.jobs.list(retry_of=job.id, limit=1):
        job = found[0]
    return job


def _answered(family: tuple[Job, ...], answer: Answer) -> Job:
    """Return the job where it was answered so before.

    Raises:
        ConflictError: it was answered otherwise, or asks nothing.
    """
    given = next((one.question.answer for one in family if one.question is not None), None)
    if given == answer:
        return family[0]
    if given is not None:
        raise ConflictError(f"job {family[0].id} was answered with {given!r} already")
    raise ConflictError(f"job {family[0].id} is {family[0].status} and asks nothing")


def _said(job: Job, question: Question, answer: Answer) -> Draft:
    payload = RecoveryAnswered(attempt=question.measure.attempt, answer=answer)
    summary = f"The proposal of job {job.id} for attempt {question.measure.attempt + 1} was "
    summary += "accepted" if answer == "accept" else "refused"
    return Draft(reason=Reason.TRAINING_ANSWERED, summary=summary, payload=payload)


def _how_it_ended(job: Job) -> str:
    return "was cancelled" if job.status is JobStatus.CANCELLED else "failed"


def _advice(job: Job) -> str:
    """Say what to do with a job that has ended."""
    if job.status is not JobStatus.COMPLETED:
        return f"`brewslm jobs retry {job.id}` does it again"
    if job.kind in PAUSABLE:
        return f"`brewslm jobs fork {job.id}` begins a new training from its checkpoints"
    return "ask for it anew to do it again"
