"""Jobs: how work stands."""

from typing import Annotated

from fastapi import APIRouter, Query

from brewslm.api.deps import After, HouseOf, JobId, Limit, OfProject
from brewslm.core import ids
from brewslm.core.job import Job, JobStatus
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
