"""Sweeps: several trainings that are compared."""

from typing import Annotated

from fastapi import APIRouter, Path

from brewslm.api.deps import HouseOf, Priority, ProjectId
from brewslm.core import ids
from brewslm.services.sweeps.book import Sweep
from brewslm.services.sweeps.requests import SweepRequest

router = APIRouter(prefix="/projects/{project_id}/sweeps", tags=["sweeps"])

ACCEPTED = 202
Name = Annotated[str, Path(max_length=60, pattern=r"^[\w][\w.-]*$", description="The sweep's name.")]


@router.post("", status_code=ACCEPTED)
def start_sweep(project_id: ProjectId, request: SweepRequest, house: HouseOf, priority: Priority = 0) -> Sweep:
    """Queue a training for each combination of values; under a name that is known, those that are missing of it."""
    return house.sweeps.start(ids.ProjectId(project_id), request, priority=priority)


@router.get("")
def list_sweeps(project_id: ProjectId, house: HouseOf) -> tuple[Sweep, ...]:
    """List the sweeps, newest first, each with its trainings as they are now."""
    return house.sweeps.all(ids.ProjectId(project_id))


@router.get("/{name}")
def get_sweep(project_id: ProjectId, name: Name, house: HouseOf) -> Sweep:
    """Compare the trainings of a sweep: those that ended first, by eval loss."""
    return house.sweeps.get(ids.ProjectId(project_id), name)


@router.post("/{name}/cancel")
def cancel_sweep(project_id: ProjectId, name: Name, house: HouseOf) -> Sweep:
    """Ask every training of a sweep that has not ended to stop."""
    return house.sweeps.cancel(ids.ProjectId(project_id), name)
