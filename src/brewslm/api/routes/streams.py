"""What happens, as a list or as a live stream: who asks for `text/event-stream` gets frames."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from brewslm.api.deps import LARGEST, ChosenEvents, HouseOf, JobId, Limit, ProjectId
from brewslm.api.follower import Follower, StreamResponse
from brewslm.api.stream import Hub
from brewslm.bootstrap.house import House
from brewslm.core import ids
from brewslm.core.errors import InvalidRequestError
from brewslm.core.events.base import RunEvent
from brewslm.core.events.choice import EventChoice
from brewslm.core.ports.reading.feed import Scope, parse_cursor
from brewslm.services.audit.exporting import EventFormat, exported_events

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
_FORMS: dict[EventFormat, str] = {"jsonl": "application/x-ndjson", "csv": "text/csv"}
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
    choice: ChosenEvents,
    accept: Accept = "",
    last_event_id: LastEventId = None,
    after: After = None,
    topic: Topics = (),
    before: Annotated[
        int | None, Query(ge=1, le=LARGEST, description="Of the newest: only those before this number.")
    ] = None,
    limit: Limit = 100,
) -> Any:  # noqa: ANN401 - a list or a stream
    """List RunEvents of a choice, without `after` the newest; or follow everything, or a project, in one stream."""
    if _EVENT_STREAM in accept:
        if choice != EventChoice(project_id=choice.project_id):
            raise InvalidRequestError("a stream is chosen by project_id and topic alone; choose events of a list")
        return await _stream(request, Scope(project_id=choice.project_id), last_event_id or after, topic)
    if after is None:
        return await run_in_threadpool(house.jobs.newest_events, choice, before_seq=before, limit=limit)
    if before is not None:
        raise InvalidRequestError("before goes back from the newest events; leave out after")
    return await run_in_threadpool(house.jobs.following_events, choice, after_seq=_number(after), limit=limit)


@router.get(
    "/events/export",
    response_class=StreamingResponse,
    responses={200: {"description": "The file.", "content": {one: {} for one in _FORMS.values()}}},
)
def export(
    house: HouseOf,
    choice: ChosenEvents,
    form: Annotated[EventFormat, Query(alias="format", description="jsonl, or csv for a spreadsheet.")] = "jsonl",
) -> StreamingResponse:
    """Download RunEvents of a choice, one a line, by number, with the hashes of their chain."""
    lines = exported_events(house.jobs, choice, form=form)
    headers = {"Content-Disposition": f'attachment; filename="events.{form}"'}
    return StreamingResponse(lines, media_type=_FORMS[form], headers=headers)


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
