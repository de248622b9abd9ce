"""What has happened, and whether the record of it is whole."""

from typing import Annotated

from fastapi import APIRouter, Query

from brewslm.api.deps import HouseOf, Limit, OfProject
from brewslm.core import ids
from brewslm.core.events.base import RunEvent
from brewslm.core.value import Value
from brewslm.services.audit.report import ArtifactsReport, EventsReport

router = APIRouter(tags=["records"])


class AuditReport(Value):
    """What an audit found."""

    is_clean: bool
    events: EventsReport
    artifacts: ArtifactsReport | None
    """None where files were not asked for."""


@router.get("/events")
def events(
    house: HouseOf,
    project_id: OfProject = None,
    run_id: Annotated[str | None, Query(max_length=100, description="Only this run, e.g. train-7.")] = None,
    after: Annotated[int | None, Query(ge=0, le=2**53, description="After this number; without it the newest.")] = None,
    limit: Limit = 100,
) -> tuple[RunEvent, ...]:
    """List RunEvents, by sequence number."""
    project = ids.ProjectId(project_id) if project_id is not None else None
    if project is not None:
        house.projects.get(project)
    if after is None and run_id is None:
        return house.jobs.newest_events(project_id=project, limit=limit)
    run = ids.RunId(run_id) if run_id is not None else None
    return house.jobs.events(project_id=project, run_id=run, after_seq=after or 0, limit=limit)


@router.get("/audit/verify")
def verify(
    house: HouseOf, has_files: Annotated[bool, Query(description="Hash every artifact and file, too.")] = False
) -> AuditReport:
    """Re-compute the hash chain over all events."""
    chains = house.audit.verify_events()
    files = house.audit.verify_artifacts() if has_files else None
    is_clean = chains.is_clean and (files is None or files.is_clean)
    return AuditReport(is_clean=is_clean, events=chains, artifacts=files)
