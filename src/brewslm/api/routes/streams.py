"""What happens, as a list or as a live stream: who asks for `text/event-stream` gets frames."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from brewslm.api.deps import LARGEST, HouseOf, JobId, Limit, OfProject, ProjectId
from brewslm.api.follower import Follower, StreamResponse
from brewslm.api.stream import Hub
from brewslm.bootstrap.house import House
from brewslm.core import ids
from brewslm.core.errors import InvalidRequestError
from brewslm.core.events.base import RunEvent
from brewslm.core.events.reasons import EventStage, Severity
from brewslm.core.ports.reading.feed import Scope, parse_cursor

router = APIRouter(tags=["streams"])

Topic = Literal["training", "checkpoint", "health", "job", "run"]
Accept = Annotated[str, Header(include_in_schema=False)]
LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", max_length=40, description="Of a stream: go on after this frame.")
]
After = Annotated[
    str | None,
    Query(
        max_length=40,
        description="Only what comes after: a frame's id or a RunEvent's number; of a stream also `now`.",
    ),
]
Topics = Annotated[
    tuple[Topic, ...], Query(max_length=5, description="Of a stream: only frames whose name begins so. Repeatable.")
]
_EVENT_STREAM = "text/event-stream"
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "RunEvents; or, where `Accept` asks for it, frames for as long as the connection lasts.",
        "content": {_EVENT_STREAM: {"schema": {"type": "string"}}},
    },
    204: {"description": "The job has ended and the reader has every frame: do not connect again."},
}


@router.get("/jobs/{job_id}/events", response_model=tuple[RunEvent, ...], responses=_ANSWERS)
async def of_job(
    request: Request,
    job_id: JobId,
    house: HouseOf,
    accept: Accept = "",
    last_event_id: LastEventId = None,
    after: After = None,
    topic: Topics = (),
    limit: Limit = 1000,
) -> Any:  # noqa: ANN401 - a list or a stream
    """List the RunEvents of a job and its steps, or follow the job until it ends."""
    if _EVENT_STREAM in accept:
        return await _stream(request, Scope(job_id=job_id), last_event_id or after, topic)
    return await run_in_threadpool(_events_of_job, house, ids.JobId(job_id), _number(after), limit)


@router.get("/projects/{project_id}/events", response_model=tuple[RunEvent, ...], responses=_ANSWERS)
async def of_project(
    request: Request,
    project_id: ProjectId,
    house: HouseOf,
    accept: Accept = "",
    last_event_id: LastEventId = None,
    after: After = None,
    topic: Topics = (),
    limit: Limit = 1000,
) -> Any:  # noqa: ANN401 - a list or a stream
    """List the RunEvents of a project, or follow it."""
    project = ids.ProjectId(project_id)
    await run_in_threadpool(house.projects.get, project)
    if _EVENT_STREAM in accept:
        return await _stream(request, Scope(project_id=project_id), last_event_id or after, topic)
    return await run_in_threadpool(house.jobs.events, project_id=project, after_seq=_number(after), limit=limit)


@router.get("/events", response_model=tuple[RunEvent, ...], responses=_ANSWERS)
async def of_workspace(
    request: Request,
    house: HouseOf,
    accept: Accept = "",
    last_event_id: LastEventId = None,
    after: After = None,
    topic: Topics = (),
    project_id: OfProject = None,
    run_id: Annotated[str | None, Query(max_length=100, description="Of a list: only this run, e.g. train-7.")] = None,
    severity: Annotated[
        tuple[Severity, ...], Query(max_length=4, description="Of the newest: only these; may be repeated.")
    ] = (),
    stage: Annotated[
        tuple[EventStage, ...], Query(max_length=20, description="Of the newest: only these; may be repeated.")
    ] = (),
    before: Annotated[
        int | None, Query(ge=1, le=LARGEST, description="Of the newest: only those before this number.")
    ] = None,
    limit: Limit = 100,
) -> Any:  # noqa: ANN401 - a list or a stream
    """List RunEvents, without `after` the newest; or follow everything in one stream."""
    project = ids.ProjectId(project_id) if project_id is not None else None
    if project is not None:
        await run_in_threadpool(house.projects.get, project)
    if _EVENT_STREAM in accept:
        return await _stream(request, Scope(project_id=project_id), last_event_id or after, topic)
    if after is None and run_id is None:
        return await run_in_threadpool(
            house.jobs.newest_events,
            project_id=project,
            severities=severity,
            stages=stage,
            before_seq=before,
            limit=limit,
        )
    if severity or stage or before is not None:
        message = "severity, stage and before choose among the newest events; leave out after and run_id"
        raise InvalidRequestError(message)
    run = ids.RunId(run_id) if run_id is not None else None
    return await run_in_threadpool(
        house.jobs.events, project_id=project, run_id=run, after_seq=_number(after), limit=limit
    )


async def _stream(request: Request, scope: Scope, after: str | None, topics: tuple[Topic, ...]) -> Response:
    hub: Hub = request.app.state.hub
    opening = await hub.call(hub.streams.open, scope, after)
    if opening.is_over:
        return Response(status_code=204)
    return StreamResponse(hub, Follower(hub, scope, opening, topics=frozenset(topics)))


def _number(after: str | None) -> int:
    return 0 if after is None else parse_cursor(after).event


def _events_of_job(house: House, job_id: ids.JobId, after: int, limit: int) -> tuple[RunEvent, ...]:
    job = house.jobs.get(job_id)
    found: list[RunEvent] = []
    for one in (job, *house.jobs.list(parent_id=job.id)):
        found += house.jobs.events(project_id=job.project_id, run_id=one.run_id, after_seq=after, limit=limit)
    return tuple(sorted(found, key=lambda event: event.seq)[:limit])
