"""Cleaning, tried before it is applied; it is applied by the stage `clean`."""

from fastapi import APIRouter
from pydantic import Field

from brewslm.api.deps import HouseOf, ProjectId
from brewslm.core import ids
from brewslm.core.artifacts.base import DatasetId
from brewslm.core.artifacts.cleaning import CleaningPlan
from brewslm.core.value import Value
from brewslm.services.data.cleaning import MAX_AT_ONCE, CleaningPreview

router = APIRouter(prefix="/projects/{project_id}", tags=["data"])


class PreviewRequest(Value):
    """A plan to try."""

    plan: CleaningPlan
    dataset_id: DatasetId | None = None
    """The newest dataset by default."""
    max_examples: int = Field(default=MAX_AT_ONCE, ge=1, le=MAX_AT_ONCE)
    """Only the first so many are looked at; the report says whether that was all."""


@router.post("/cleaning/preview")
def preview(project_id: ProjectId, request: PreviewRequest, house: HouseOf) -> CleaningPreview:
    """Count and show what a cleaning would change and remove; nothing is written."""
    return house.cleaning.preview(
        ids.ProjectId(project_id), request.plan, dataset_id=request.dataset_id, max_examples=request.max_examples
    )
