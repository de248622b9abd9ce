"""Runs as they are lived: flows whose steps end, fail, recover and are watched, as jobs and RunEvents of a ledger.

Nothing is random but by the seed, and every failure has a cause that is known beforehand (`benchmarks/causes.py`).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from benchmarks.causes import CAUSES
from brewslm.core.events.base import NewEvent, stage_of
from brewslm.core.events.failure import Failure
from brewslm.core.events.lifecycle import RecoveryStarted, TrainingRecovered
from brewslm.core.events.reasons import TAXONOMY, Reason
from brewslm.core.ids import JobId, ProjectId, RunId
from brewslm.core.job import Job, JobKind, JobStatus
from brewslm.core.ports.storage import Storage, Transaction
from brewslm.core.stage_name import StageName
from brewslm.services.recording import Origin

BEGIN = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
STEPS: tuple[StageName, ...] = get_args(StageName)
DONE: dict[str, Reason] = {
    "ingest": Reason.INGESTION,
    "introspect": Reason.INTROSPECTION,
    "map_dry_run": Reason.MAPPING_PREVIEW,
    "map_commit": Reason.MAPPING,
    "clean": Reason.CLEANING,
    "prepare": Reason.PREPARATION,
    "preflight": Reason.PREFLIGHT,
    "train": Reason.TRAINING,
    "evaluate": Reason.EVALUATION,
    "export": Reason.EXPORT,
    "deploy": Reason.DEPLOYMENT,
}
WATCHED = (Reason.MONITORING_ALERT, Reason.MONITORING_ALERT_RESOLVED, Reason.MONITORING_PATROL)
FAILING = 0.3
"""So many lives end in a failure."""
RECOVERING = 0.01
"""So many of the moments at which a training is looked at."""
NUM_AFTER_TRAINING = 6
"""Events of a life that goes on to its end."""


@dataclass(slots=True)
class Planted:
    """What was written, so that it can be asked for again."""

    num_events: int = 0
    causes: dict[int, int] = field(default_factory=dict)
    """Number of the event of a failure to the number of its cause."""


def live(storage: Storage, projects: Sequence[ProjectId], *, num_runs: int, num_events: int, seed: int = 1) -> Planted:
    """Write so many flows with their steps, and about so many events; the first is as old as `BEGIN`."""
    rng, planted, now = random.Random(seed), Planted(), BEGIN
    for number in range(num_runs):
        budget = (num_events - planted.num_events) // (num_runs - number)
        with storage.write() as transaction:
            life = _Life(transaction, planted, rng, projects[number % len(projects)], now)
            life.live(until=planted.num_events + budget)
        now = life.now
    return planted


@dataclass(slots=True)
class _Life:
    """One flow, written in one transaction."""

    transaction: Transaction
    planted: Planted
    rng: random.Random
    project_id: ProjectId
    now: datetime

    def live(self, *, until: int) -> None:
        flow = self._begin("autopilot")
        origin = self._origin(flow)
        cause = self.rng.choice(CAUSES) if self.rng.random() < FAILING else None
        for step in STEPS:
            job = self._begin(step, parent_id=flow.id)
            own = self._origin(job, parent=flow)
            if step == "train":
                self._train(job, own, until=until - NUM_AFTER_TRAINING)
            if cause is not None and cause.step == step:
                message = cause.say(self.rng)
                self.planted.causes[self._fail(job, own, cause.reason, message)] = CAUSES.index(cause)
                self._fail(flow, origin, Reason.AUTOPILOT_STOPPED, f"Autopilot stopped at {step}: {message}")
                return
            self._tell(own, DONE[step], f"The step {step} of job {job.id} is done", {"job_id": job.id})
            self._end(job)
        self._tell(origin, Reason.AUTOPILOT, f"Autopilot of job {flow.id} is done", {"job_id": flow.id})
        self._end(flow)
        project = Origin(project_id=self.project_id, run_id=RunId(f"project-{self.project_id}"), actor="cli")
        self._tell(project, Reason.DEPLOYMENT_PROMOTED, "A release answers clients", {"version": 1})

    def _train(self, job: Job, origin: Origin, *, until: int) -> None:
        """A training: watched all the time, sometimes out of memory and recovered."""
        self._tell(origin, Reason.TRAINING_STARTED, "Training began", {"job_id": job.id})
        watch = Origin(project_id=job.project_id, run_id=job.run_id, actor="patrol")
        attempt = 1
        while self.planted.num_events < until:
            if self.rng.random() < RECOVERING:
                self._recover(origin, attempt)
                attempt += 1
            payload = {"job_id": job.id, "numbers": [self.rng.random() for _ in range(8)], "what": "loss " * 20}
            self._tell(watch, self.rng.choice(WATCHED), f"The watch over job {job.id} saw a change", payload)

    def _recover(self, origin: Origin, attempt: int) -> None:
        step = self.rng.randrange(9999)
        told = RecoveryStarted(
            attempt=attempt,
            cause="oom",
            last_step=step,
            action="smaller batches",
            before={"data.batch_size": 8},
            after={"data.batch_size": 4},
        )
        self._tell(origin, Reason.TRAINING_RECOVERY_STARTED, f"Out of memory at step {step}", told.model_dump())
        over = TrainingRecovered(attempt=attempt + 1, from_step=step, action="smaller batches")
        self._tell(origin, Reason.TRAINING_RECOVERED, f"Attempt {attempt + 1} took over", over.model_dump())

    def _origin(self, job: Job, *, parent: Job | None = None) -> Origin:
        parent_run_id = parent.run_id if parent is not None else None
        return Origin(project_id=job.project_id, run_id=job.run_id, actor="api", parent_run_id=parent_run_id)

    def _begin(self, kind: JobKind, *, parent_id: JobId | None = None) -> Job:
        self._pass(self.rng.uniform(0.1, 3))
        job = self.transaction.jobs.add(
            project_id=self.project_id, kind=kind, payload={}, created_at=self.now, parent_id=parent_id
        )
        return self._change(job, status=JobStatus.RUNNING, started_at=self.now)

    def _end(self, job: Job, **changes: Any) -> None:
        self._change(job, **{"status": JobStatus.COMPLETED, "finished_at": self.now, **changes})

    def _fail(self, job: Job, origin: Origin, reason: Reason, message: str) -> int:
        seq = self._tell(origin, reason, message, Failure(error=message).model_dump(mode="json"))
        self._end(job, status=JobStatus.FAILED, reason=reason, error=message)
        return seq

    def _change(self, job: Job, **changes: Any) -> Job:
        changed = self.transaction.jobs.change(job, **changes)
        assert changed is not None
        return changed

    def _tell(self, origin: Origin, reason: Reason, summary: str, payload: dict[str, Any]) -> int:
        self._pass(self.rng.uniform(0.1, 5))
        event = NewEvent(
            project_id=origin.project_id,
            run_id=origin.run_id,
            parent_run_id=origin.parent_run_id,
            stage=stage_of(reason),
            severity=TAXONOMY[reason].severity,
            reason=reason,
            actor=origin.actor,
            summary=summary,
            payload=payload,
            occurred_at=self.now,
        )
        self.planted.num_events += 1
        return self.transaction.events.append(event, recorded_at=self.now).seq

    def _pass(self, seconds: float) -> None:
        self.now += timedelta(seconds=round(seconds, 3))
