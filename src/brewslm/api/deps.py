"""What routes are given: the house, ids that fit the database, and the idempotency key."""

from typing import Annotated, cast

from fastapi import Depends, Header, Path, Query, Request, Response
from pydantic import AwareDatetime

from brewslm.bootstrap.house import House
from brewslm.core import ids
from brewslm.core.engines.names import EngineName
from brewslm.core.events.choice import EventChoice
from brewslm.core.events.reasons import EventStage, Reason, Severity
from brewslm.core.job import MAX_PRIORITY, Job, JobKind
from brewslm.core.value import Value

LARGEST = 2**53
"""The largest whole number that every client can read."""
_CLIENT_KEYS = "client:"
"""Keys of clients live in a name space of their own; flows give their steps keys, too."""


def house_of(request: Request) -> House:
    """Return the house that this server serves."""
    return cast(House, request.app.state.house)


HouseOf = Annotated[House, Depends(house_of)]
ProjectId = Annotated[int, Path(ge=1, le=LARGEST, description="The project's id.")]
JobId = Annotated[int, Path(ge=1, le=LARGEST, description="The job's id.")]
ArtifactId = Annotated[str, Path(max_length=64, pattern=r"^[a-z_]+-[0-9a-f]{16}$", description="The artifact's id.")]
OfProject = Annotated[int | None, Query(ge=1, le=LARGEST, description="Only this project.")]
After = Annotated[int, Query(ge=0, le=LARGEST, description="Only what comes after this sequence number.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many.")]
Priority = Annotated[
    int,
    Query(ge=-MAX_PRIORITY, le=MAX_PRIORITY, description="Of work that waits for a device, the highest goes first."),
]
Engine = Annotated[
    EngineName, Query(description="Where to do it: this machine, or a cluster that `config/engines.yaml` describes.")
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="The same key gives the same job; with another body it is a conflict.",
    ),
]


def _chosen(
    house: HouseOf,
    project_id: OfProject = None,
    run_id: Annotated[str | None, Query(max_length=100, description="Only of this run, e.g. train-7.")] = None,
    severity: Annotated[tuple[Severity, ...], Query(max_length=4, description="Only these. Repeatable.")] = (),
    stage: Annotated[tuple[EventStage, ...], Query(max_length=20, description="Only these. Repeatable.")] = (),
    reason: Annotated[tuple[Reason, ...], Query(max_length=50, description="Only these. Repeatable.")] = (),
    actor: Annotated[str | None, Query(max_length=100, description="Only what was done by cli, api, …")] = None,
    text: Annotated[
        str | None,
        Query(min_length=1, max_length=200, description="In summary or payload, such as an artifact's id."),
    ] = None,
    since: Annotated[AwareDatetime | None, Query(description="Occurred then or later; with a time zone.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Occurred before then; with a time zone.")] = None,
) -> EventChoice:
    project = ids.ProjectId(project_id) if project_id is not None else None
    if project is not None:
        house.projects.get(project)
    run = ids.RunId(run_id) if run_id is not None else None
    return EventChoice(
        project_id=project,
        run_id=run,
        severities=severity,
        stages=stage,
        reasons=reason,
        actor=actor,
        text=text,
        since=since,
        until=until,
    )


ChosenEvents = Annotated[EventChoice, Depends(_chosen)]
"""Which events are meant, by the query."""

_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
"""By reference: named as a model, it would be built anew for every answer of every route, most of a server's start."""


def error_answers(*answers: tuple[int, str]) -> dict[int | str, dict[str, object]]:
    """Document answers that are errors, by their status and what they mean."""
    return {status: {"description": description, "content": _ERROR} for status, description in answers}


ERRORS = error_answers(
    (400, "The request cannot be honoured as it stands."),
    (401, "The token is missing or wrong."),
    (403, "Another origin."),
    (404, "What was named does not exist."),
    (409, "It contradicts the present state."),
    (413, "The body is too large."),
    (415, "The body is not JSON."),
    (421, "Another host."),
    (422, "Values that are not valid, all of them at once."),
    (500, "A mistake of BrewSLM."),
    (502, "A receiver of alerts did not take a message."),
    (503, "The workspace cannot be used now."),
    (507, "The disk is full."),
)


def submit(
    house: House,
    response: Response,
    project_id: int,
    kind: JobKind,
    request: Value,
    key: str | None,
    priority: int = 0,
    engine: EngineName = "local",
) -> Job:
    """Queue work and say where to look at it."""
    own_key = _CLIENT_KEYS + key if key is not None else None
    job = house.jobs.submit(
        ids.ProjectId(project_id), kind, request, idempotency_key=own_key, priority=priority, engine=engine
    )
    response.headers["Location"] = f"/api/jobs/{job.id}"
    return job
