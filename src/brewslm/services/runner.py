"""Running jobs: claim one, do it, record how it ended. Several processes may do this on one workspace."""

import logging
import threading
from collections.abc import Callable, Mapping

from brewslm.core.engines.names import EngineName
from brewslm.core.errors import BrewError, CancelledError, ClaimLostError, LedgerUnavailableError
from brewslm.core.events.base import Draft
from brewslm.core.events.failure import Failure
from brewslm.core.events.lifecycle import SystemRecovered
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import JobId
from brewslm.core.job import HEAVY, Job, JobStatus
from brewslm.core.ports.storage import Transaction
from brewslm.lifecycle import STAGES
from brewslm.services.engines.line import Place, devices_of, engine_of, place_of, rank, slots_of
from brewslm.services.failures import classify
from brewslm.services.flows import Flow, FlowRun
from brewslm.services.gates.asking import GateWaitingError
from brewslm.services.jobs.claim import LEASE, Claim, Leases, take
from brewslm.services.jobs.secrets import forget_ended
from brewslm.services.jobs.setting_aside import SetAsideError, put_at_gate, put_flow_back
from brewslm.services.ports import Ports
from brewslm.services.stage_runs import StageRuns

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
IDLE_LOOK_SECONDS = 5.0
"""Where nothing was written since the last look, there is work only where a process has gone, which says nothing."""
OPEN = (JobStatus.QUEUED, JobStatus.RUNNING)
_MOST_OPEN = 10_000
_TOLD = 20
"""Of those that wait for a device, so many are told what for at each look."""


class Runner:
    """Does jobs in the name of one process."""

    def __init__(
        self,
        ports: Ports,
        stage_runs: StageRuns,
        flows: Mapping[str, Flow],
        *,
        owner: str,
        is_owner_gone: Callable[[str], bool],
        actor: str,
    ) -> None:
        """Bind it; `is_owner_gone` says of another process's name whether it has certainly ended."""
        self._ports = ports
        self._stage_runs = stage_runs
        self._flows = flows
        self._owner = owner
        self._leases = Leases(ports.clock, is_owner_gone)
        self._actor = actor
        self._devices: tuple[str, ...] = ()
        self._doing: set[JobId] = set()

    def num_places(self, job: Job) -> int:
        """Return how many jobs like this one may run at once: on devices of this machine, or in slots of a cluster."""
        engine = engine_of(job)
        return len(self._own_devices()) if engine == "local" else self._slots().get(engine, 1)

    def is_doing(self, job_id: JobId) -> bool:
        """Whether this process does the job at this moment."""
        return job_id in self._doing

    def run(self, job_id: JobId) -> Job:
        """Do this job here, or wait for the process that does it; return it as it ended, or as it is held.

        What is in its way and nobody's any more, such as a training whose terminal was closed, is done first.

        Raises:
            BrewError: how the job ended could not be recorded, for example on a full disk; it is taken up again later.
        """
        while True:
            claim = self._claim(job_id) or self._claim_abandoned(job_id)
            if claim is not None:
                try:
                    self._do(claim)
                except LedgerUnavailableError as error:
                    log.warning("%s The job goes on when it answers again.", error)
                forget_ended(self._ports)
            with self._ports.storage.read() as transaction:
                job = transaction.jobs.get(job_id)
            if job.status.is_final or job.is_held:
                return job
            if claim is not None:
                continue
            self._ports.clock.sleep(POLL_SECONDS)

    def serve(self, stop: threading.Event) -> None:
        """Do queued and abandoned jobs until `stop` is set: a lane for each device and slot, one for everything else.

        One thread looks for work of devices, and gives each job that it finds a thread of its own: the line says how
        many there may be.
        """
        forget_ended(self._ports)
        lanes = [
            threading.Thread(target=self._serve_lane, args=(stop, is_heavy), name=name, daemon=True)
            for name, is_heavy in (("device-lane", True), ("light-lane", False))
        ]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()

    def _serve_lane(self, stop: threading.Event, is_heavy: bool) -> None:  # noqa: FBT001 - a thread's target
        busy: list[threading.Thread] = []
        looked_at, stamp = float("-inf"), None
        while not stop.is_set():
            try:
                now, newest = self._ports.clock.monotonic(), self._ports.storage.stamp()
                claim = None
                if newest != stamp or now - looked_at >= IDLE_LOOK_SECONDS:
                    claim = self._next(is_heavy=is_heavy)
                    looked_at, stamp = now, newest  # a look that failed is made again
                if claim is not None and is_heavy:
                    busy = [one for one in busy if one.is_alive()] + [self._beside(claim, stop)]
                    continue
                if claim is not None:
                    self._do(claim)
                    forget_ended(self._ports)
                    continue
            except Exception:
                log.exception("the lane goes on after an error")
            stop.wait(POLL_SECONDS)
        for one in busy:
            one.join()

    def _beside(self, claim: Claim, stop: threading.Event) -> threading.Thread:
        """Do a job of a device in a thread of its own, and then what has become free to begin by its end."""

        def work() -> None:
            mine: Claim | None = claim
            try:
                while mine is not None:
                    self._do(mine)
                    forget_ended(self._ports)
                    mine = None if stop.is_set() else self._next(is_heavy=True)
            except Exception:
                log.exception("the lane goes on after an error")

        thread = threading.Thread(target=work, name=f"job-{claim.job.id}", daemon=True)
        thread.start()
        return thread

    def _next(self, *, is_heavy: bool) -> Claim | None:
        with self._ports.storage.read() as transaction:
            waiting = _open_jobs(transaction)
        self._leases.keep(waiting)
        mine = [
            job for job in waiting if job.parent_id is None and (job.kind in HEAVY) == is_heavy and self._is_free(job)
        ]
        # What lost its process holds its device still, so it goes first.
        mine.sort(key=lambda job: (job.status is JobStatus.QUEUED, *rank(job)))
        for job in mine[:_TOLD]:
            if self._has_to_write(job, self._place(job, waiting)):
                claim = self._claim(job.id)
                if claim is not None:
                    return claim
        return None

    def _is_free(self, job: Job) -> bool:
        """Whether it may be taken up: it is queued and not held, or its process has gone."""
        if job.status is JobStatus.QUEUED:
            return not job.is_held
        return job.status is JobStatus.RUNNING and not self._leases.is_held(job)

    def _place(self, job: Job, open_jobs: tuple[Job, ...]) -> Place:
        return place_of(
            job,
            open_jobs,
            devices=self._own_devices(),
            slots=self._slots(),
            is_wanted=lambda one: one.lease_owner != self._owner and self._leases.is_held(one),
        )

    def _own_devices(self) -> tuple[str, ...]:
        self._devices = self._devices or devices_of(self._ports.machine.facts().gpus)
        return self._devices

    def _slots(self) -> Mapping[EngineName, int]:
        """Return those of the clusters; none while their description cannot be used."""
        try:
            return slots_of(self._ports.clusters.settings())
        except BrewError as error:
            log.warning("%s", error)
            return {}

    def _has_to_write(self, job: Job, place: Place) -> bool:
        """Whether the ledger has to learn something: that the job begins, why it waits, or who will begin it."""
        if place.is_free or job.waiting_reason != place.reason:
            return True
        return not self._leases.is_held(job) or (
            job.lease_owner == self._owner and self._leases.seconds_since_renewed(job) > LEASE.total_seconds() / 2
        )

    def _claim_abandoned(self, job_id: JobId) -> Claim | None:
        """Take up what holds the device that this job waits for, where its process has gone."""
        with self._ports.storage.read() as transaction:
            waiting = _open_jobs(transaction)
        job = next((one for one in waiting if one.id == job_id), None)
        if job is None or self._place(job, waiting).is_free:
            return None
        left = [one for one in waiting if one.status is JobStatus.RUNNING and one.parent_id is None]
        return next((claim for one in left if self._is_free(one) and (claim := self._claim(one.id))), None)

    def _claim(self, job_id: JobId) -> Claim | None:
        with self._ports.storage.read() as transaction:
            job, waiting = transaction.jobs.get(job_id), _open_jobs(transaction)
        if not self._is_free(job) or not self._has_to_write(job, self._place(job, waiting)):
            return None
        with self._ports.storage.write() as transaction:
            job, waiting = transaction.jobs.get(job_id), _open_jobs(transaction)
            if not self._is_free(job):
                return None
            place = self._place(job, waiting)
            if not place.is_free:
                self._stand_in_line(transaction, job, place)
                return None
            former = job.lease_owner if job.status is JobStatus.RUNNING else None
            now = self._ports.clock.now()
            taken = take(transaction, job, owner=self._owner, now=now, device=place.device)
            claim = Claim(self._ports, taken, owner=self._owner, actor=self._actor)
            if former is not None:
                payload = SystemRecovered(job_id=job.id, kind=job.kind, former_owner=former)
                cause = "its process had ended" if former != self._owner else "its ledger had not answered"
                summary = f"Job {job.id} ({job.kind}) was taken up again after {cause}"
                claim.emit_in(transaction, Draft(reason=Reason.SYSTEM_RECOVERED, summary=summary, payload=payload))
        return claim

    def _stand_in_line(self, transaction: Transaction, job: Job, place: Place) -> None:
        """Say why the job waits, and that there is a process which begins it when its turn comes."""
        mine = {"lease_owner": self._owner, "lease_expires_at": self._ports.clock.now() + LEASE}
        is_others = job.lease_owner != self._owner and self._leases.is_held(job)
        transaction.jobs.change(job, phase="waiting", waiting_reason=place.reason, **({} if is_others else mine))

    def _do(self, claim: Claim) -> None:
        """Do a claimed job. A failure that is recorded with it concerns nobody else; one that is not is raised."""
        self._doing.add(claim.job.id)
        with claim.kept():
            try:
                if claim.job.kind in STAGES:
                    self._stage_runs.run(STAGES[claim.job.kind], claim)
                else:
                    self._do_flow(claim)
            except ClaimLostError as error:
                log.warning("%s", error)
            except SetAsideError:
                log.info("job %s was set aside", claim.job.id)
            except BrewError as error:
                with self._ports.storage.read() as transaction:
                    is_recorded = transaction.jobs.get(claim.job.id).status.is_final
                if not is_recorded:
                    raise
                log.info("job %s ended: %s", claim.job.id, error)
            finally:
                self._doing.discard(claim.job.id)

    def _do_flow(self, claim: Claim) -> None:
        run = FlowRun(
            ports=self._ports,
            stage_runs=self._stage_runs,
            claim=claim,
            owner=self._owner,
            place=lambda transaction, job: self._place(job, _open_jobs(transaction)),
        )
        try:
            outcome = self._flows[claim.job.kind](claim.job.payload, run)
            with claim.transaction() as transaction:
                if outcome.made is not None:
                    transaction.artifacts.add(outcome.made)
                claim.finish(transaction, JobStatus.COMPLETED, outcome.event, artifact_id=outcome.artifact_id)
        except (ClaimLostError, LedgerUnavailableError):
            raise
        except GateWaitingError as waiting:
            put_at_gate(claim, waiting.gate_id)
        except SetAsideError:
            put_flow_back(claim)
            raise
        except BrewError as error:
            _stop_flow(claim, error)
            raise
        except Exception as error:
            known = classify(error, claim.job.kind)
            _stop_flow(claim, known)
            raise known from error


def _open_jobs(transaction: Transaction) -> tuple[Job, ...]:
    return transaction.jobs.list(statuses=OPEN, limit=_MOST_OPEN)


def _stop_flow(claim: Claim, error: BrewError) -> None:
    """End a flow whose step failed; the step's own event has the details."""
    status = JobStatus.CANCELLED if isinstance(error, CancelledError) else JobStatus.FAILED
    payload = Failure(error=str(error), findings=error.findings, detail=claim.job.phase)
    summary = f"{claim.job.kind} stopped at {claim.job.phase}: {error}"
    draft = Draft(reason=Reason.AUTOPILOT_STOPPED, summary=summary, payload=payload)
    with claim.transaction() as transaction:
        claim.finish(transaction, status, draft, error=str(error), reason=error.code)
