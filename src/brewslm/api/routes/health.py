"""Data health."""

from fastapi import APIRouter

from brewslm.api.deps import HouseOf, ProjectId
from brewslm.core import ids
from brewslm.services.data.health import HealthReport

router = APIRouter(prefix="/projects/{project_id}", tags=["data"])


@router.get("/data-health")
def data_health(project_id: ProjectId, house: HouseOf) -> HealthReport:
    """Look at the newest dataset: ok, warn or block, why, where the rows are, and what to do."""
    return house.health.report(ids.ProjectId(project_id))
