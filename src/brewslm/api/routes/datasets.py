"""Rejected rows of datasets, and saved mappings."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from brewslm.api.deps import ArtifactId, HouseOf, IdempotencyKey, Limit, ProjectId, submit
from brewslm.core import ids
from brewslm.core.artifacts.dataset import RejectionReason
from brewslm.core.artifacts.mapping import MappingSpec
from brewslm.core.errors import InvalidRequestError
from brewslm.core.job import Job
from brewslm.core.value import Value
from brewslm.services.data.mappings import SavedMapping
from brewslm.services.data.rejections import Format, RejectionFilter, RejectionPage, RepairRequest

router = APIRouter(prefix="/projects/{project_id}", tags=["datasets"])

OnlyReason = Annotated[RejectionReason | None, Query(description="Only rows that were rejected for this.")]
OnlyFile = Annotated[str | None, Query(max_length=4096, description="Only rows of this file of the source.")]
Contains = Annotated[str, Query(max_length=1000, description="Only rows that hold this text.")]

_MEDIA = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


class NewMapping(Value):
    """A mapping that is to be saved: that of a preview, or one that is written out."""

    name: str = Field(min_length=1, max_length=64)
    mapping_id: str | None = Field(None, max_length=100)
    """The preview that showed it."""
    spec: MappingSpec | None = None


@router.get("/datasets/{dataset_id}/rejections")
def rejections(
    project_id: ProjectId,
    dataset_id: ArtifactId,
    house: HouseOf,
    reason: OnlyReason = None,
    file: OnlyFile = None,
    contains: Contains = "",
    start: Annotated[int, Query(ge=0, le=2**53, description="How many are skipped.")] = 0,
    limit: Limit = 50,
) -> RejectionPage:
    """List rows that did not become examples, with place, reason and text."""
    wanted = RejectionFilter(reason=reason, file=file, contains=contains)
    return house.rejections.page(
        ids.ProjectId(project_id), ids.ArtifactId(dataset_id), wanted, start=start, limit=limit
    )


@router.get("/datasets/{dataset_id}/rejections/download", response_class=StreamingResponse)
def download(
    project_id: ProjectId,
    dataset_id: ArtifactId,
    house: HouseOf,
    format: Annotated[Format, Query(description="`jsonl` can be edited and sent to the repair.")] = "jsonl",  # noqa: A002 - a query's name
    reason: OnlyReason = None,
    file: OnlyFile = None,
    contains: Contains = "",
) -> StreamingResponse:
    """Download rows that did not become examples, whole, as JSON lines or CSV."""
    project, dataset = ids.ProjectId(project_id), ids.ArtifactId(dataset_id)
    mapped_id, _ = house.rejections.mapped(project, dataset)
    wanted = RejectionFilter(reason=reason, file=file, contains=contains)
    lines = house.rejections.download(project, mapped_id, wanted, form=format)
    headers = {"Content-Disposition": f'attachment; filename="rejections-{mapped_id}.{format}"'}
    return StreamingResponse(lines, media_type=_MEDIA[format], headers=headers)


@router.post("/datasets/{dataset_id}/repair", status_code=202)
def repair(
    project_id: ProjectId,
    dataset_id: ArtifactId,
    request: RepairRequest,
    house: HouseOf,
    response: Response,
    key: IdempotencyKey = None,
) -> Job:
    """Run mended rows again, by the same mapping; the result is the next version of the dataset."""
    inputs = house.rejections.repair(ids.ProjectId(project_id), ids.ArtifactId(dataset_id), request.rows)
    return submit(house, response, project_id, "map_commit", inputs, key)


@router.get("/mappings")
def mappings(project_id: ProjectId, house: HouseOf) -> tuple[SavedMapping, ...]:
    """List the newest version of every saved mapping."""
    return house.mappings.newest(ids.ProjectId(project_id))


@router.post("/mappings", status_code=201)
def save_mapping(project_id: ProjectId, request: NewMapping, house: HouseOf) -> SavedMapping:
    """Save a mapping as the next version of its name."""
    project = ids.ProjectId(project_id)
    if (request.mapping_id is None) == (request.spec is None):
        raise InvalidRequestError("name either mapping_id or spec: one mapping is saved at a time")
    if request.spec is not None:
        return house.mappings.save(project, request.name, request.spec)
    return house.mappings.save_preview(project, request.name, ids.ArtifactId(str(request.mapping_id)))


@router.get("/mappings/{name}")
def show_mapping(
    project_id: ProjectId,
    name: str,
    house: HouseOf,
    version: Annotated[int | None, Query(ge=1, le=10**9, description="By default the newest.")] = None,
) -> SavedMapping:
    """Show a version of a saved mapping."""
    return house.mappings.get(ids.ProjectId(project_id), name, version)
