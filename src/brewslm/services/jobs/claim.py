"""A claim: one process's right to work on one job, kept alive by a lease."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any, Literal

from brewslm.core.errors import BrewError, CancelledError, ClaimLostError
from brewslm.core.events.base import Draft
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ArtifactId, JobId, RunId
from brewslm.core.job import Job, JobStatus
from brewslm.core.ports.clock import Clock
from brewslm.core.ports.storage import Transaction
from brewslm.services.engines.line import wish_of
from brewslm.services.ports import Ports
from brewslm.services.recording import Origin, emit_event

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=20)
"""A lease that was not renewed for so long has run out, by the steady clock of who looks at it."""
RENEW_EVERY_SECONDS = 5.0
PROGRESS_EVERY_SECONDS = 0.25


Wish = Literal["", "cancel", "pause"]
"""What somebody asks of work that runs."""


def take(transaction: Transaction, job: Job, *, owner: str, now: datetime, device: str | None = None) -> Job:
    """Set a job that `transaction` has just read to running, in the name of `owner`; its attempt is the fence.

    Raises:
        ClaimLostError: the job was changed since it was read.
    """
    taken = transaction.jobs.change(
        job,
        status=JobStatus.RUNNING,
        phase="starting",
        attempt=job.attempt + 1,
        lease_owner=owner,
        lease_expires_at=now + LEASE,
        started_at=job.started_at or now,
        device=device,
        waiting_reason=None,
    )
    if taken is None:
        message = f"job {job.id} was changed by another process at the same moment"
        raise ClaimLostError(message)
    return taken


class Leases:
    """What one process has seen of the leases of jobs, each timed by its own steady clock since it saw it change.

    No time that another process wrote down is compared with a clock, because a clock on a wall may be set.
    """

    def __init__(self, clock: Clock, is_owner_gone: Callable[[str], bool]) -> None:
        """Bind it; `is_owner_gone` says of a process's name whether it has certainly ended."""
        self._clock, self._is_owner_gone = clock, is_owner_gone
        self._seen: dict[JobId, tuple[object, float]] = {}

    def is_held(self, job: Job) -> bool:
        """Whether a living process works on this job, or stands in the line for it.

        An own job whose lease has run out is one whose end could not be recorded.
        """
        if job.lease_owner is None or job.lease_expires_at is None:
            return False
        return self.seconds_since_renewed(job) <= LEASE.total_seconds() and not self._is_owner_gone(job.lease_owner)

    def seconds_since_renewed(self, job: Job) -> float:
        """For how long this process has seen the lease as it is now: 0 where it sees it for the first time."""
        now, lease = self._clock.monotonic(), (job.lease_owner, job.attempt, job.lease_expires_at)
        known, since = self._seen.get(job.id, (None, now))
        if known != lease:
            since = now
            self._seen[job.id] = (lease, now)
        return now - since

    def keep(self, jobs: Iterable[Job]) -> None:
        """Forget all jobs but these."""
        kept = {job.id for job in jobs}
        for gone in [job_id for job_id in list(self._seen) if job_id not in kept]:
            self._seen.pop(gone, None)


class Claim:
    """A running job in the hands of this process.

    Whoever takes the job over raises its attempt, so that every write of an older holder is refused.
    """

    def __init__(self, ports: Ports, job: Job, *, owner: str, actor: str, parent_run_id: RunId | None = None) -> None:
        """Wrap a job that was just taken by `owner`."""
        self._ports = ports
        self._owner = owner
        self._said_at = float("-inf")
        self.job = job
        self.actor = actor
        self.parent_run_id = parent_run_id

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begin a writing transaction."""
        return self._ports.storage.write()

    def reading(self) -> AbstractContextManager[Transaction]:
        """Begin a reading transaction."""
        return self._ports.storage.read()

    def stored(self, transaction: Transaction) -> Job:
        """Return the job as the ledger has it; what `transaction` writes besides is then this holder's to write.

        Raises:
            ClaimLostError: another process has taken the job over, or it has ended.
        """
        job = transaction.jobs.get(self.job.id)
        if (job.lease_owner, job.attempt) != (self._owner, self.job.attempt) or job.status.is_final:
            message = f"job {job.id} is no longer held by this process (it is {job.status}, attempt {job.attempt})"
            raise ClaimLostError(message)
        return job

    def change(self, transaction: Transaction, **changes: Any) -> Job:  # noqa: ANN401 - fields of Job
        """Change the job inside `transaction`.

        Raises:
            ClaimLostError: another process has taken the job over, or it has ended.
        """
        changed = transaction.jobs.change(self.stored(transaction), **changes)
        if changed is None:
            message = f"job {self.job.id} was changed by another process at the same moment"
            raise ClaimLostError(message)
        self.job = changed
        return changed

    def renew(self) -> None:
        """Push the end of the lease into the future."""
        with self.transaction() as transaction:
            self.change(transaction, lease_expires_at=self._ports.clock.now() + LEASE)

    @contextmanager
    def kept(self, *, every_seconds: float = RENEW_EVERY_SECONDS) -> Iterator[None]:
        """Renew the lease in a thread of its own for as long as the block runs."""
        stop = threading.Event()

        def renew() -> None:
            while not stop.wait(every_seconds):
                try:
                    self.renew()
                except ClaimLostError:
                    return
                except BrewError:
                    log.exception("the lease of job %s could not be renewed; trying again", self.job.id)

        thread = threading.Thread(target=renew, name=f"lease-{self.job.id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def progress(self, fraction: float, message: str) -> None:
        """Note how far the job is; at most four times a second reach the database."""
        now = self._ports.clock.monotonic()
        if now - self._said_at < PROGRESS_EVERY_SECONDS and fraction < 1.0:
            return
        self._said_at = now
        with self.transaction() as transaction:
            self.change(transaction, fraction=min(max(fraction, 0.0), 1.0), message=message)

    def phase(self, phase: str) -> None:
        """Note what the job is doing, for people."""
        if phase != self.job.phase:
            with self.transaction() as transaction:
                self.change(transaction, phase=phase)

    def wish(self) -> Wish:
        """Return what somebody asks of this job, or of the flow that it belongs to; to stop comes before a pause.

        Raises:
            ClaimLostError: another process has taken the job over.
        """
        with self.reading() as transaction:
            job = self.stored(transaction)
            jobs = (job,) if job.parent_id is None else (job, transaction.jobs.get(job.parent_id))
        if any(one.is_cancel_requested for one in jobs):
            return "cancel"
        return "pause" if any(one.is_pause_requested for one in jobs) else ""

    def is_cancelled(self) -> bool:
        """Whether somebody asked for this job, or the flow that it belongs to, to stop.

        Raises:
            ClaimLostError: another process has taken the job over.
        """
        return self.wish() == "cancel"

    def raise_if_cancelled(self) -> None:
        """Raise CancelledError where somebody asked for it."""
        if self.is_cancelled():
            message = f"job {self.job.id} was cancelled"
            raise CancelledError(message)

    def emit(self, draft: Draft) -> None:
        """Write a RunEvent of this job in a transaction of its own."""
        with self.transaction() as transaction:
            self.stored(transaction)
            self.emit_in(transaction, draft)

    def emit_in(self, transaction: Transaction, draft: Draft, *, actor: str | None = None) -> None:
        """Write a RunEvent of this job in the caller's transaction, which has asked for `stored` or `change`."""
        emit_event(
            transaction,
            draft,
            origin=Origin(
                project_id=self.job.project_id,
                run_id=self.job.run_id,
                actor=actor or self.actor,
                parent_run_id=self.parent_run_id,
            ),
            occurred_at=self._ports.clock.now(),
        )

    def put_back(self, transaction: Transaction, **changes: Any) -> None:  # noqa: ANN401 - fields of Job
        """Queue the job again inside `transaction`; this process holds it no longer."""
        mine = {"lease_owner": None, "lease_expires_at": None, "device": wish_of(self.job.device)}
        self.change(transaction, status=JobStatus.QUEUED, **mine, **changes)

    def finish(
        self,
        transaction: Transaction,
        status: JobStatus,
        draft: Draft,
        *,
        artifact_id: ArtifactId | None = None,
        error: str | None = None,
        reason: Reason | None = None,
    ) -> None:
        """End the job with its RunEvent, inside `transaction`; `reason` is kept where it differs from the event's."""
        self.change(
            transaction,
            status=status,
            phase=str(status),
            artifact_id=artifact_id,
            reason=reason or draft.reason,
            error=error,
            finished_at=self._ports.clock.now(),
            lease_expires_at=None,
            waiting_reason=None,
            **({"fraction": 1.0} if status is JobStatus.COMPLETED else {}),
        )
        self.emit_in(transaction, draft)
