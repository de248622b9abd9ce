"""Asking for work, and asking about it."""

from collections.abc import Sequence
from pathlib import Path

from brewslm.core.engines.names import EngineName
from brewslm.core.errors import CancelledError, ConflictError, NotFoundError
from brewslm.core.events.base import Draft, RunEvent
from brewslm.core.events.choice import EVERY_EVENT, EventChoice
from brewslm.core.events.failure import Failure
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import JobId, ProjectId, RunId
from brewslm.core.job import Job, JobKind, JobStatus
from brewslm.core.ports.storage import MetricRow, Transaction
from brewslm.core.recipe.building import check_fields
from brewslm.core.value import Value
from brewslm.core.wire.rundir import WORKER_LOG_FILE
from brewslm.services.engines.wishes import device_wish, require_engine
from brewslm.services.jobs.secrets import forget_ended, without_secrets
from brewslm.services.jobs.setting_aside import family_of
from brewslm.services.ports import Ports
from brewslm.services.recording import Origin, emit_event
from brewslm.services.requests import AutopilotRequest
from brewslm.services.shelf import named_artifacts


class Jobs:
    """The job service: everything but the running."""

    def __init__(self, ports: Ports, *, actor: str) -> None:
        """Bind it to the ports; `actor` is who events name."""
        self._ports = ports
        self._actor = actor

    def submit(
        self,
        project_id: ProjectId,
        kind: JobKind,
        request: Value,
        *,
        idempotency_key: str | None = None,
        priority: int = 0,
        engine: EngineName = "local",
    ) -> Job:
        """Queue work. The same key gives the same job. What is secret of a locator is not written down.

        Raises:
            NotFoundError: there is no such project.
            ConflictError: the key was used for something else.
            InvalidRequestError: the engine is not described, or is not for such work; or no plan could take the recipe
                fields that an autopilot is given.
        """
        require_engine(engine, kind, self._ports.clusters)
        if isinstance(request, AutopilotRequest) and request.fork is None:  # a fork's fields add to those it began with
            check_fields(request.overrides)
        with self._ports.storage.write() as transaction:
            transaction.projects.get(project_id)
            job = transaction.jobs.add(
                project_id=project_id,
                kind=kind,
                payload=without_secrets(request.model_dump(mode="json"), self._ports.secrets),
                created_at=self._ports.clock.now(),
                idempotency_key=idempotency_key,
                priority=priority,
            )
            wish = None if job.status.is_final else device_wish(transaction, project_id, kind, job.payload, engine)
            if wish is not None and job.device is None and job.status is JobStatus.QUEUED:
                job = transaction.jobs.change(job, device=wish) or job
        if job.status.is_final:
            forget_ended(self._ports)
        return job

    def require_inputs(self, project_id: ProjectId, inputs: Value) -> None:
        """Refuse inputs of a stage that name what the project does not have, before anything is queued.

        Raises:
            NotFoundError: there is no such project, or it has no such artifact of that kind.
        """
        with self._ports.storage.read() as transaction:
            transaction.projects.get(project_id)
            named_artifacts(transaction, project_id, inputs)

    def require_engine(self, engine: EngineName, kind: JobKind) -> None:
        """Refuse an engine that such work cannot be given to, before anything is done for it.

        Raises:
            InvalidRequestError: it is not described, or this kind of work is not done elsewhere.
        """
        require_engine(engine, kind, self._ports.clusters)

    def get(self, job_id: JobId) -> Job:
        """Return it, or raise NotFoundError."""
        with self._ports.storage.read() as transaction:
            return transaction.jobs.get(job_id)

    def list(
        self,
        *,
        project_id: ProjectId | None = None,
        statuses: Sequence[JobStatus] = (),
        parent_id: JobId | None = None,
        before_id: JobId | None = None,
        limit: int = 100,
    ) -> tuple[Job, ...]:
        """Newest first."""
        with self._ports.storage.read() as transaction:
            return transaction.jobs.list(
                project_id=project_id, statuses=statuses, parent_id=parent_id, before_id=before_id, limit=limit
            )

    def cancel(self, job_id: JobId) -> Job:
        """Ask a job to stop. A queued one is cancelled at once, a running one when its worker has saved.

        A step that was set aside is cancelled with the flow that it belongs to, which waits with it.

        Raises:
            ConflictError: the job has ended already.
        """
        with self._ports.storage.write() as transaction:
            job = transaction.jobs.get(job_id)
            if job.status.is_final:
                message = f"job {job_id} is {job.status} already; nothing to cancel"
                raise ConflictError(message)
            is_aside = job.status is JobStatus.QUEUED and job.kind != "probe"
            for one in reversed(family_of(transaction, job_id)) if is_aside else (job,):
                if one.status is JobStatus.QUEUED:
                    self._cancel_queued(transaction, one)
                elif one.status is JobStatus.RUNNING:
                    transaction.jobs.change(one, is_cancel_requested=True)
            changed = transaction.jobs.get(job_id)
        forget_ended(self._ports)
        return changed

    def _cancel_queued(self, transaction: Transaction, job: Job) -> None:
        is_begun = job.attempt > 0
        error = f"job {job.id} was cancelled {'while it was set aside' if is_begun else 'before it began'}"
        if is_begun:
            error += "; no process of it was left"
        draft = Draft(reason=Reason.TRAINING_CANCELLED, summary=error, payload=Failure(error=error))
        emit_event(
            transaction,
            draft,
            origin=Origin(project_id=job.project_id, run_id=job.run_id, actor=self._actor),
            occurred_at=self._ports.clock.now(),
        )
        transaction.jobs.change(
            job,
            is_cancel_requested=True,
            status=JobStatus.CANCELLED,
            phase="cancelled",
            reason=CancelledError.reason,
            error=error,
            waiting_reason=None,
            finished_at=self._ports.clock.now(),
        )

    def events(
        self, *, project_id: ProjectId | None = None, run_id: RunId | None = None, after_seq: int = 0, limit: int = 1000
    ) -> tuple[RunEvent, ...]:
        """RunEvents by sequence number."""
        with self._ports.storage.read() as transaction:
            return transaction.events.list(project_id=project_id, run_id=run_id, after_seq=after_seq, limit=limit)

    def following_events(
        self, choice: EventChoice = EVERY_EVENT, *, after_seq: int = 0, limit: int = 1000
    ) -> tuple[RunEvent, ...]:
        """The first RunEvents of a choice after a number, in ascending order."""
        with self._ports.storage.read() as transaction:
            return transaction.events.following(choice, after_seq=after_seq, limit=limit)

    def newest_events(
        self, choice: EventChoice = EVERY_EVENT, *, before_seq: int | None = None, limit: int = 50
    ) -> tuple[RunEvent, ...]:
        """The last RunEvents of a choice before a number, in ascending order."""
        with self._ports.storage.read() as transaction:
            return transaction.events.newest(choice, before_seq=before_seq, limit=limit)

    def metrics(
        self, job_id: JobId, *, after_seq: int = 0, kind: str | None = None, limit: int = 10_000
    ) -> tuple[MetricRow, ...]:
        """Progress rows of a job's worker."""
        with self._ports.storage.read() as transaction:
            transaction.jobs.get(job_id)
            return transaction.metrics.list(job_id, after_seq=after_seq, kind=kind, limit=limit)

    def worker_log(self, job_id: JobId) -> str:
        """Return the text of a job's `worker.log`.

        Raises:
            NotFoundError: the job has no worker, or it has written nothing yet.
        """
        return self.worker_log_path(job_id).read_text(errors="replace")

    def worker_log_path(self, job_id: JobId) -> Path:
        """Return where a job's `worker.log` is; of a flow, that of its newest child that has one.

        The log of a training that was retried goes on with the retry.

        Raises:
            NotFoundError: the job has no worker, or it has written nothing yet.
        """
        for job in (self.get(job_id), *self.list(parent_id=job_id)):
            folder = self._ports.store.project_folder(job.project_id) / "experiments"
            with self._ports.storage.read() as transaction:
                holder = job
                while found := transaction.jobs.list(retry_of=holder.id, limit=1):
                    holder = found[0]
                own = [item for item in transaction.experiments.list(job.project_id) if item.job_id == holder.id]
            paths = [folder / item.folder_name / WORKER_LOG_FILE for item in own]
            paths += sorted(folder.glob(f"exp-*/*-{job.id}/{WORKER_LOG_FILE}"))
            paths.append(folder / f"{job.kind}-{job.id}" / WORKER_LOG_FILE)
            for path in paths:
                if path.is_file():
                    return path
        message = f"job {job_id} has no worker log; only trainings, evaluations, exports and deployments have one"
        raise NotFoundError(message)
