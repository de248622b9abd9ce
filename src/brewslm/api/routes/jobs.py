"""Jobs: how work stands."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from brewslm.api.deps import After, HouseOf, IdempotencyKey, JobId, Limit, OfProject, submit
from brewslm.core import ids
from brewslm.core.artifacts.base import ArtifactRecord
from brewslm.core.health.watch import WatchCheck
from brewslm.core.job import MAX_PRIORITY, Job, JobKind, JobStatus
from brewslm.core.ports.reading.views import JobOrder, JobQuery, Series, Span
from brewslm.core.ports.storage import MetricRow
from brewslm.core.value import Value
from brewslm.services.jobs.views import ActiveJobs, WorkerLog
from brewslm.services.monitoring.health import HealthReport, Outlook
from brewslm.services.requests import ForkRequest

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


@router.get("")
def list_(
    house: HouseOf,
    project_id: OfProject = None,
    status: Annotated[tuple[JobStatus, ...], Query(max_length=5, description="Only these; may be repeated.")] = (),
    kind: Annotated[tuple[JobKind, ...], Query(max_length=20, description="Only these; may be repeated.")] = (),
    q: Annotated[
        str, Query(max_length=200, description="Part of a run id, kind, phase, message, error, reason or project name.")
    ] = "",
    parent_id: Annotated[int | None, Query(ge=1, le=_LARGEST, description="Only the steps of this flow.")] = None,
    top_level: Annotated[bool, Query(description="Without the steps of flows.")] = False,
    sort: Annotated[JobOrder, Query(description="`finished`: what has ended, the last first.")] = "newest",
    before_id: Annotated[
        int | None, Query(ge=1, le=_LARGEST, description="Go on after this job, in the same order.")
    ] = None,
    limit: Limit = 100,
) -> JobPage:
    """List jobs, the newest first, page by page."""
    query = JobQuery(
        project_id=ids.ProjectId(project_id) if project_id is not None else None,
        statuses=status,
        kinds=kind,
        parent_id=ids.JobId(parent_id) if parent_id is not None else None,
        is_top_level=top_level,
        text=q,
        order=sort,
        before_id=ids.JobId(before_id) if before_id is not None else None,
        limit=limit,
    )
    jobs = house.job_views.find(query)
    return JobPage(jobs=jobs, next_before_id=jobs[-1].id if len(jobs) == limit else None)


@router.get("/active")
def active(house: HouseOf) -> ActiveJobs:
    """List what is queued or running, and what ended last."""
    return house.job_views.active()


@router.get("/outlooks")
def outlooks(
    house: HouseOf,
    job_id: Annotated[
        tuple[Annotated[int, Field(ge=1, le=_LARGEST)], ...],
        Query(min_length=1, max_length=100, description="Of these jobs; repeatable."),
    ],
) -> tuple[Outlook, ...]:
    """Tell of several jobs at once how their trainings are, and how long they will go on."""
    return house.run_health.outlooks([ids.JobId(one) for one in job_id])


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
    until: Annotated[
        int | None, Query(ge=1, le=_LARGEST, description="With max_points: only up to this sequence number.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=10_000, description="At most so many.")] = 10_000,
    max_points: Annotated[
        int | None,
        Query(
            ge=12,
            le=10_000,
            description="So many of all, or of those between after and until, so that no spike of a series is lost.",
        ),
    ] = None,
    series: Annotated[
        tuple[Series, ...], Query(max_length=4, description="With max_points: whose spikes; all of them by default.")
    ] = (),
) -> tuple[MetricRow, ...]:
    """List the progress records of a job's worker, by sequence number; with `max_points` thinned out for a chart."""
    if max_points is not None:
        span = Span(after, until)
        return house.job_views.chart(
            ids.JobId(job_id), kind=kind or "log", series=series, max_points=max_points, span=span
        )
    return house.jobs.metrics(ids.JobId(job_id), after_seq=after, kind=kind, limit=limit)


@router.get("/{job_id}/log")
def log(
    job_id: JobId,
    house: HouseOf,
    offset: Annotated[int, Query(ge=0, le=_LARGEST, description="From this byte on.")] = 0,
    tail: Annotated[int | None, Query(ge=1, le=100_000, description="Only the last lines.")] = None,
) -> WorkerLog:
    """Show what a job's worker has written, at most a megabyte at once; `next_offset` asks for what follows."""
    if tail is not None:
        return house.job_views.log_tail(ids.JobId(job_id), num_lines=tail)
    return house.job_views.log_part(ids.JobId(job_id), offset=offset)


@router.get("/{job_id}/artifacts")
def artifacts(job_id: JobId, house: HouseOf) -> tuple[ArtifactRecord, ...]:
    """List what a job and its steps made, oldest first."""
    return house.job_views.artifacts(ids.JobId(job_id))


@router.get("/{job_id}/health")
def health(job_id: JobId, house: HouseOf) -> HealthReport:
    """Judge a training: ok, warning, critical, unknown or finished, with every finding and alert."""
    return house.run_health.of_job(ids.JobId(job_id))


@router.get("/{job_id}/watch")
def watch(job_id: JobId, house: HouseOf) -> tuple[WatchCheck, ...]:
    """List the lines of a training's active watch: its checks every so many of the first steps, with their numbers."""
    return house.run_health.watch_checks(ids.JobId(job_id))


@router.post("/{job_id}/cancel", status_code=202)
def cancel(job_id: JobId, house: HouseOf) -> Job:
    """Ask a job to stop."""
    return house.jobs.cancel(ids.JobId(job_id))


@router.post("/{job_id}/fork", status_code=202)
def fork(job_id: JobId, request: ForkRequest, house: HouseOf, response: Response, key: IdempotencyKey = None) -> Job:
    """Train on the same data by the same recipe, with changes, from a checkpoint of this training on."""
    project_id, order = house.forks.request(ids.JobId(job_id), request)
    return submit(house, response, project_id, "autopilot", order, key)


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
