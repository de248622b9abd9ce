"""Jobs: how work stands."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from brewslm.api.deps import After, HouseOf, JobId, Limit, OfProject
from brewslm.core import ids
from brewslm.core.events.base import RunEvent
from brewslm.core.job import MAX_PRIORITY, Job, JobStatus
from brewslm.core.ports.storage import MetricRow
from brewslm.core.value import Value
from brewslm.services.monitoring.health import HealthReport

router = APIRouter(prefix="/jobs", tags=["jobs"])

_LARGEST = 2**53


class JobPage(Value):
    """Some jobs, the newest first."""

    jobs: tuple[Job, ...]
    next_before_id: int | None
    """Ask for the next page with `before_id`; None where this is the last one."""


class JobChange(Value):
    """What can be changed of a job that waits."""

    priority: int = Field(ge=-MAX_PRIORITY, le=MAX_PRIORITY)
    """The highest goes first; of equal ones, the lowest id."""


class RecoveryAnswer(Value):
    """Whether a training may go on as it proposes."""

    accept: bool


class WorkerLog(Value):
    """What a worker has written."""

    job_id: int
    text: str


@router.get("")
def list_(
    house: HouseOf,
    project_id: OfProject = None,
    status: Annotated[list[JobStatus] | None, Query(description="Only these; may be repeated.")] = None,
    parent_id: Annotated[int | None, Query(ge=1, le=_LARGEST, description="Only the steps of this flow.")] = None,
    before_id: Annotated[int | None, Query(ge=1, le=_LARGEST, description="Only older ones.")] = None,
    limit: Limit = 100,
) -> JobPage:
    """List jobs, the newest first, page by page."""
    jobs = house.jobs.list(
        project_id=ids.ProjectId(project_id) if project_id is not None else None,
        statuses=status or (),
        parent_id=ids.JobId(parent_id) if parent_id is not None else None,
        before_id=ids.JobId(before_id) if before_id is not None else None,
        limit=limit,
    )
    return JobPage(jobs=jobs, next_before_id=jobs[-1].id if len(jobs) == limit else None)


@router.get("/{job_id}")
def show(job_id: JobId, house: HouseOf) -> Job:
    """Show one job."""
    return house.jobs.get(ids.JobId(job_id))


@router.get("/{job_id}/events")
def events(job_id: JobId, house: HouseOf, after: After = 0, limit: Limit = 1000) -> tuple[RunEvent, ...]:
    """List the RunEvents of a job and its steps, by sequence number."""
    job = house.jobs.get(ids.JobId(job_id))
    found: list[RunEvent] = []
    for one in (job, *house.jobs.list(parent_id=job.id)):
        found += house.jobs.events(project_id=job.project_id, run_id=one.run_id, after_seq=after, limit=limit)
    return tuple(sorted(found, key=lambda event: event.seq)[:limit])


@router.get("/{job_id}/metrics")
def metrics(
    job_id: JobId,
    house: HouseOf,
    after: After = 0,
    kind: Annotated[str | None, Query(max_length=40, description="Only this kind of record, e.g. log.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="At most so many.")] = 10_000,
) -> tuple[MetricRow, ...]:
    """List the progress records of a job's worker, by sequence number."""
    return house.jobs.metrics(ids.JobId(job_id), after_seq=after, kind=kind, limit=limit)


@router.get("/{job_id}/log")
def log(job_id: JobId, house: HouseOf) -> WorkerLog:
    """Show what a job's worker has written."""
    return WorkerLog(job_id=job_id, text=house.jobs.worker_log(ids.JobId(job_id)))


@router.get("/{job_id}/health")
def health(job_id: JobId, house: HouseOf) -> HealthReport:
    """Judge a training: ok, warning, critical, unknown or finished, with every finding and alert."""
    return house.run_health.of_job(ids.JobId(job_id))


@router.post("/{job_id}/cancel", status_code=202)
def cancel(job_id: JobId, house: HouseOf) -> Job:
    """Ask a job to stop."""
    return house.jobs.cancel(ids.JobId(job_id))


@router.post("/{job_id}/pause", status_code=202)
def pause(job_id: JobId, house: HouseOf) -> Job:
    """Set a training aside: its worker saves a checkpoint and ends, and its device is free."""
    return house.control.pause(ids.JobId(job_id))


@router.post("/{job_id}/resume", status_code=202)
def resume(job_id: JobId, house: HouseOf) -> Job:
    """Let a paused training go on from its checkpoint when its device is free."""
    return house.control.resume(ids.JobId(job_id))


@router.post("/{job_id}/retry", status_code=202)
def retry(job_id: JobId, house: HouseOf) -> Job:
    """Do a failed or cancelled job again, as a new job; a training goes on from its newest checkpoint."""
    return house.control.retry(ids.JobId(job_id))


@router.post("/{job_id}/recovery", status_code=202)
def recovery(job_id: JobId, answer: RecoveryAnswer, house: HouseOf) -> Job:
    """Answer what a training asks before it goes on changed; a refusal ends it."""
    return house.control.answer(ids.JobId(job_id), "accept" if answer.accept else "refuse")


@router.patch("/{job_id}")
def change(job_id: JobId, wanted: JobChange, house: HouseOf) -> Job:
    """Change a waiting job's place in the line."""
    return house.control.prioritize(ids.JobId(job_id), wanted.priority)
