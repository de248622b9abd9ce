"""Data health, and the way of a single row."""

from typing import Annotated

from fastapi import APIRouter, Path

from brewslm.api.deps import HouseOf, ProjectId
from brewslm.core import ids
from brewslm.services.data.health import HealthReport
from brewslm.services.data.trace import RowTrace

router = APIRouter(prefix="/projects/{project_id}", tags=["data"])


@router.get("/data-health")
def data_health(project_id: ProjectId, house: HouseOf) -> HealthReport:
    """Look at the newest dataset: ok, warn or block, why, where the rows are, and what to do."""
    return house.health.report(ids.ProjectId(project_id))


@router.get("/rows/{source_row}")
def trace(
    project_id: ProjectId,
    source_row: Annotated[int, Path(ge=0, le=2**53, description="The row of the source, from 0.")],
    house: HouseOf,
) -> RowTrace:
    """Follow a row from the source to its split."""
    return house.tracing.trace(ids.ProjectId(project_id), source_row)
