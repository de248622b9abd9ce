"""The ledger."""

from typing import Annotated

from fastapi import APIRouter, Query

from brewslm.api.deps import ArtifactId, HouseOf, ProjectId
from brewslm.core import ids
from brewslm.core.artifacts.base import ArtifactKind, ArtifactRecord

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
