"""The ledger."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import FileResponse

from brewslm.api.deps import ArtifactId, HouseOf, Limit, ProjectId
from brewslm.core import ids
from brewslm.core.artifacts.base import ArtifactKind, ArtifactRecord
from brewslm.services.data.browsing import TablePage, TableSummary, conditions

router = APIRouter(prefix="/projects/{project_id}/artifacts", tags=["artifacts"])


@router.get("")
def list_(
    project_id: ProjectId,
    house: HouseOf,
    kind: Annotated[ArtifactKind | None, Query(description="Only this kind.")] = None,
) -> tuple[ArtifactRecord, ...]:
    """List the project's artifacts, the oldest first."""
    return house.projects.artifacts(ids.ProjectId(project_id), kind=kind)


@router.get("/{artifact_id}")
def show(project_id: ProjectId, artifact_id: ArtifactId, house: HouseOf) -> ArtifactRecord:
    """Show one artifact with its body."""
    return house.projects.artifact(ids.ProjectId(project_id), ids.ArtifactId(artifact_id))


@router.get("/{artifact_id}/lineage")
def lineage(project_id: ProjectId, artifact_id: ArtifactId, house: HouseOf) -> tuple[ArtifactRecord, ...]:
    """List the artifact and everything that it was made from, nearest first."""
    return house.audit.lineage(ids.ProjectId(project_id), ids.ArtifactId(artifact_id))


@router.get(
    "/{artifact_id}/files/{path:path}",
    response_class=FileResponse,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def file(
    project_id: ProjectId,
    artifact_id: ArtifactId,
    path: Annotated[str, Path(max_length=1000, description="A path from the `files` of the artifact's body.")],
    house: HouseOf,
) -> FileResponse:
    """Download a file of an artifact; the `ETag` is its SHA-256."""
    found, ref = house.audit.file(ids.ProjectId(project_id), ids.ArtifactId(artifact_id), path)
    tag = {"ETag": f'"{ref.sha256}"'}
    return FileResponse(found, filename=found.name, media_type="application/octet-stream", headers=tag)


@router.get("/{artifact_id}/tables")
def tables(project_id: ProjectId, artifact_id: ArtifactId, house: HouseOf) -> tuple[TableSummary, ...]:
    """List the tables of an artifact: its rows, examples, rejections and what else it holds."""
    return house.browsing.tables(ids.ProjectId(project_id), ids.ArtifactId(artifact_id))


@router.get("/{artifact_id}/tables/{table:path}")
def table_page(
    project_id: ProjectId,
    artifact_id: ArtifactId,
    table: Annotated[str, Path(max_length=200, description="The table's name, such as `examples`.")],
    house: HouseOf,
    start: Annotated[int, Query(ge=0, le=2**53, description="The number of the first row, from 0.")] = 0,
    limit: Limit = 50,
    where: Annotated[
        tuple[str, ...], Query(max_length=8, description="`column=value`: only rows with this value. Repeatable.")
    ] = (),
) -> TablePage:
    """Show rows of a table, from any row on."""
    return house.browsing.page(
        ids.ProjectId(project_id), ids.ArtifactId(artifact_id), table, start=start, limit=limit, where=conditions(where)
    )
