"""What has happened, whether the record of it is whole, and what of it can be given to those who help."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from brewslm.api.deps import LARGEST, ChosenEvents, HouseOf, JobId, OfProject
from brewslm.core import ids
from brewslm.core.value import Value
from brewslm.services.audit.clusters import ClusterPage
from brewslm.services.audit.report import ArtifactsReport, EventsReport
from brewslm.services.audit.timeline import RunNode, TimelinePage
from brewslm.services.support.bundles import BundleLink

router = APIRouter(tags=["records"])

_ZIP = "application/zip"
Page = Annotated[int, Query(ge=1, le=100, description="At most so many.")]
LinkKey = Annotated[str, Path(min_length=20, max_length=100, pattern=r"^[\w-]+$", description="Of the link.")]


class AuditReport(Value):
    """What an audit found."""

    is_clean: bool
    events: EventsReport
    artifacts: ArtifactsReport | None
    """None where files were not asked for."""


@router.get("/audit/verify")
def verify(
    house: HouseOf, has_files: Annotated[bool, Query(description="Hash every artifact and file, too.")] = False
) -> AuditReport:
    """Re-compute the hash chain over all events."""
    chains = house.audit.verify_events()
    files = house.audit.verify_artifacts() if has_files else None
    is_clean = chains.is_clean and (files is None or files.is_clean)
    return AuditReport(is_clean=is_clean, events=chains, artifacts=files)


@router.get("/timeline")
def timeline(
    house: HouseOf,
    choice: ChosenEvents,
    before: Annotated[int | None, Query(ge=1, le=LARGEST, description="Only runs before this job's.")] = None,
    limit: Page = 10,
) -> TimelinePage:
    """List runs with their steps and recoveries, the newest first; of a choice: those with such an event."""
    before_id = ids.JobId(before) if before is not None else None
    return house.records.timeline.page(choice, before_id=before_id, limit=limit)


@router.get("/jobs/{job_id}/timeline")
def timeline_of_job(job_id: JobId, house: HouseOf) -> RunNode:
    """Show a run with its steps and recoveries."""
    return house.records.timeline.of_job(ids.JobId(job_id))


@router.get("/failures")
def failures(
    house: HouseOf,
    project_id: OfProject = None,
    before: Annotated[int | None, Query(ge=1, le=LARGEST, description="What failed last before this event.")] = None,
    limit: Page = 20,
) -> ClusterPage:
    """List failures by their cause, the one that failed last first."""
    return house.records.failures.page(project_id=_known(house, project_id), before_seq=before, limit=limit)


@router.post("/support-bundles", status_code=201)
def make_support_bundle(
    house: HouseOf,
    job_id: Annotated[int | None, Query(ge=1, le=LARGEST, description="With the log and files of this job.")] = None,
) -> BundleLink:
    """Make a bundle without secrets and personal data, and a link that gives it out once."""
    return house.records.support.offer(ids.JobId(job_id) if job_id is not None else None)


@router.get(
    "/support-bundles/{key}",
    response_class=FileResponse,
    responses={
        200: {"description": "The bundle.", "content": {_ZIP: {"schema": {"type": "string", "format": "binary"}}}}
    },
)
def download_support_bundle(key: LinkKey, house: HouseOf) -> FileResponse:
    """Give a bundle out; the link is good once, and not for long."""
    path = house.records.support.take(key)
    removal = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, media_type=_ZIP, filename="brewslm-support.zip", background=removal)


def _known(house: HouseOf, project_id: int | None) -> ids.ProjectId | None:
    if project_id is None:
        return None
    return house.projects.get(ids.ProjectId(project_id)).id
