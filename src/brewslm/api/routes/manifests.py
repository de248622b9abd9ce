"""What was prepared: manifests, golden sets, and examples token by token."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from brewslm.api.deps import ArtifactId, HouseOf, IdempotencyKey, ProjectId, submit
from brewslm.core import ids
from brewslm.core.artifacts.manifest import SplitName
from brewslm.core.job import Job
from brewslm.services.data.manifests import ManifestRow
from brewslm.services.data.xray import Xray
from brewslm.services.requests import GoldenRequest

router = APIRouter(prefix="/projects/{project_id}", tags=["manifests"])


@router.get("/manifests")
def list_(project_id: ProjectId, house: HouseOf) -> tuple[ManifestRow, ...]:
    """List the project's manifests, the oldest first, and say which is current."""
    return house.manifests.list(ids.ProjectId(project_id))


@router.post("/manifests/{artifact_id}/activate")
def activate(project_id: ProjectId, artifact_id: ArtifactId, house: HouseOf) -> ManifestRow:
    """Make an earlier manifest the current one, until a newer dataset or manifest is made."""
    return house.manifests.activate(ids.ProjectId(project_id), ids.ArtifactId(artifact_id))


@router.get("/manifests/{artifact_id}/xray/{split}/{index}")
def xray(
    project_id: ProjectId,
    artifact_id: ArtifactId,
    split: SplitName,
    index: Annotated[int, Path(ge=0, le=2**31, description="The example's place in the split, from 0.")],
    house: HouseOf,
    *,
    is_rejected: Annotated[bool, Query(description="The worse answer of a preference.")] = False,
) -> Xray:
    """Show an example token by token: what is trained, what is context, and what fills the row."""
    found = ids.ArtifactId(artifact_id)
    return house.xrays.look(ids.ProjectId(project_id), found, split=split, index=index, is_rejected=is_rejected)


@router.post("/goldens", status_code=202)
def add_golden(
    project_id: ProjectId, request: GoldenRequest, house: HouseOf, response: Response, key: IdempotencyKey = None
) -> Job:
    """Lock the examples of a file or of a split as a golden set."""
    return submit(house, response, project_id, "golden", request, key)
