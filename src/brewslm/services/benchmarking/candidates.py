"""The candidates of a benchmark: each is a job of its own, and as many are measured at once as there are places."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from brewslm.core.errors import BaseModelError, BrewError, CancelledError, ClaimLostError, LedgerUnavailableError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Benchmarked
from brewslm.core.events.reasons import Reason
from brewslm.core.job import Job, JobStatus
from brewslm.core.wire.order import ProbeOrder
from brewslm.core.wire.result import ModelMeasurement, ProbeResult
from brewslm.services.benchmarking.measuring import measure, measured_before
from brewslm.services.engines.line import wish_of
from brewslm.services.failures import classify
from brewslm.services.flows import FlowRun
from brewslm.services.jobs.claim import Claim, take
from brewslm.services.stage_runs import record_failure

LOOK_SECONDS = 1.0


def measure_each(orders: Sequence[ProbeOrder], run: FlowRun) -> tuple[ProbeResult, ...]:
    """Measure base models, one of them where the flow is, others beside it on what else is free.

    One that fails, or that somebody cancels, is told with its problem, and the others go on. A flow that is taken up
    again measures nothing twice.

    Raises:
        CancelledError: the flow was cancelled.
        ClaimLostError: another process has taken the flow over.
    """
    own = threading.Lock()
    with run.claim.transaction() as transaction:
        flow = run.claim.stored(transaction)
        candidates = []
        for number, order in enumerate(orders):
            job = transaction.jobs.add(
                project_id=flow.project_id,
                kind="probe",
                payload={"model": order.name},
                created_at=run.ports.clock.now(),
                parent_id=flow.id,
                idempotency_key=f"flow:{flow.id}:probe-{number}",
                priority=flow.priority,
            )
            if job.status is JobStatus.QUEUED and (wish := wish_of(flow.device)) and job.device is None:
                job = transaction.jobs.change(job, device=wish) or job
            candidates.append(_Candidate(order, job, run, own))
    threads = [threading.Thread(target=one.work, name=f"job-{one.job.id}", daemon=True) for one in candidates]
    for thread in threads:
        thread.start()
    while alive := [thread for thread in threads if thread.is_alive()]:
        alive[0].join(LOOK_SECONDS)
        _show(candidates, run)
    for one in candidates:
        if one.error is not None:
            raise one.error
    run.claim.raise_if_cancelled()
    return tuple(one.result for one in candidates)


def _show(candidates: Sequence["_Candidate"], run: FlowRun) -> None:
    """Tell how far the flow is: the mean of its candidates."""
    with run.claim.reading() as transaction:
        jobs = [transaction.jobs.get(one.job.id) for one in candidates]
    shares = [1.0 if job.status.is_final else job.fraction for job in jobs]
    running = [job.payload["model"] for job in jobs if job.status is JobStatus.RUNNING]
    num_ended = sum(job.status.is_final for job in jobs)
    message = f"{num_ended} of {len(jobs)} measured" + (f"; measuring {', '.join(running)}" if running else "")
    run.claim.progress(0.95 * sum(shares) / len(shares), message)


def _problem(text: str) -> ProbeResult:
    return ProbeResult(measured=None, problem=text, runtime="", device="")


class _Candidate:
    """One base model, measured by a thread of its own."""

    def __init__(self, order: ProbeOrder, job: Job, run: FlowRun, own: threading.Lock) -> None:
        """Bind it; `own` is held by the one that uses the flow's device."""
        self._order, self._run, self._own = order, run, own
        self.job = job
        self.result = _problem("it was not measured")
        self.error: Exception | None = None

    def work(self) -> None:
        """Do the job, and keep what stops the flow for the flow's thread to raise."""
        try:
            self.result = self._work()
        except Exception as error:  # noqa: BLE001 - raised by the thread that waits for this one
            self.error = error

    def _work(self) -> ProbeResult:
        if self.job.status is JobStatus.COMPLETED:
            return measured_before(self._order, self._folder)
        with self._placed() as claim:
            if claim is None:
                return _problem(self.job.error or f"job {self.job.id} ended as {self.job.status}")
            with claim.kept():
                return self._measured(claim)

    def _measured(self, claim: Claim) -> ProbeResult:
        try:
            found = measure(self._order, self._run.ports, claim, self._folder)
            if found.measured is None:
                raise BaseModelError(found.problem, reason=Reason.EVALUATION_RUNTIME_ERROR)
            self._complete(claim, found, found.measured)
        except (ClaimLostError, LedgerUnavailableError):
            raise
        except BrewError as error:
            record_failure(claim, error)
            return _problem(str(error))
        except Exception as error:
            known = classify(error, claim.job.kind)
            record_failure(claim, known)
            raise known from error
        return found

    def _complete(self, claim: Claim, found: ProbeResult, model: ModelMeasurement) -> None:
        told = Benchmarked(
            model=model.name,
            device=found.device,
            runtime=found.runtime,
            scored_tokens_per_second=model.scored_tokens_per_second,
            peak_memory_bytes=model.peak_memory_bytes,
        )
        summary = f"{model.name!r} was measured on {len(model.zero_shot.losses)} rows"
        with claim.transaction() as transaction:
            claim.finish(transaction, JobStatus.COMPLETED, Draft(Reason.BENCHMARK, summary, told))

    @contextmanager
    def _placed(self) -> Iterator[Claim | None]:
        """Hold a place for as long as the block runs; None where the job has ended before it got one."""
        has_own = False
        try:
            while True:
                is_elsewhere = self.job.status is JobStatus.RUNNING and self.job.device != self._run.claim.job.device
                has_own = not is_elsewhere and self._own.acquire(blocking=self.job.status is JobStatus.RUNNING)
                claim = self._taken(has_own=has_own)
                if claim is not None or self.job.status.is_final:
                    yield claim
                    return
                self._run.ports.clock.sleep(LOOK_SECONDS)
        finally:
            if has_own:
                self._own.release()

    def _taken(self, *, has_own: bool) -> Claim | None:
        """Take the job: where the flow is, if that is free, else where the line has a place for it.

        Raises:
            CancelledError: the flow is being cancelled; so is the job, then.
        """
        is_over = self._run.claim.is_cancelled()
        ports = self._run.ports
        with ports.storage.write() as transaction:
            flow = self._run.claim.stored(transaction)
            job = self.job = transaction.jobs.get(self.job.id)
            if job.status.is_final:
                return None
            device = flow.device
            if not has_own and not is_over:
                place = self._run.place(transaction, job)
                if not place.is_free:
                    if job.waiting_reason != place.reason:
                        transaction.jobs.change(job, phase="waiting", waiting_reason=place.reason)
                    return None
                device = place.device
            self.job = take(transaction, job, owner=self._run.owner, now=ports.clock.now(), device=device)
        claim = self._claim(self.job)
        if is_over and job.status is JobStatus.QUEUED:
            record_failure(claim, CancelledError(f"job {job.id} was cancelled with its benchmark, before it began"))
            self.job = claim.job
            return None
        return claim

    def _claim(self, job: Job) -> Claim:
        run = self._run
        return Claim(run.ports, job, owner=run.owner, actor=run.claim.actor, parent_run_id=run.claim.job.run_id)

    @property
    def _folder(self) -> Path:
        return self._run.shelf.path(f"experiments/probe-{self.job.id}")
