"""Projects, and what they hold."""

from fastapi import APIRouter, Response
from pydantic import Field

from brewslm.api.deps import HouseOf, ProjectId
from brewslm.core import ids
from brewslm.core.experiment import Experiment
from brewslm.core.project import BUNDLED_BASE_MODEL, Project, Template
from brewslm.core.release import ReleaseRow
from brewslm.core.value import Value
from brewslm.services.projects import MAX_NAME_LENGTH, StageState

router = APIRouter(prefix="/projects", tags=["projects"])


class NewProject(Value):
    """A project that is to be."""

    name: str = Field(min_length=1, max_length=MAX_NAME_LENGTH)
    template: Template = "general"
    base_model: str = Field(BUNDLED_BASE_MODEL, min_length=1, max_length=4096)


@router.post("", status_code=201)
def create(wanted: NewProject, house: HouseOf, response: Response) -> Project:
    """Create a project."""
    project = house.projects.create(wanted.name, template=wanted.template, base_model=wanted.base_model)
    response.headers["Location"] = f"/api/projects/{project.id}"
    return project


@router.get("")
def list_(house: HouseOf) -> tuple[Project, ...]:
    """List all projects, by id."""
    return house.projects.list()


@router.get("/{project_id}")
def show(project_id: ProjectId, house: HouseOf) -> Project:
    """Show one project."""
    return house.projects.get(ids.ProjectId(project_id))


@router.get("/{project_id}/stages")
def stages(project_id: ProjectId, house: HouseOf) -> tuple[StageState, ...]:
    """Say where the project stands in each of the eleven stages."""
    return house.projects.stages(ids.ProjectId(project_id))


@router.get("/{project_id}/experiments")
def experiments(project_id: ProjectId, house: HouseOf) -> tuple[Experiment, ...]:
    """List the project's experiments, by id."""
    return house.projects.experiments(ids.ProjectId(project_id))


@router.get("/{project_id}/releases")
def releases(project_id: ProjectId, house: HouseOf) -> tuple[ReleaseRow, ...]:
    """List the project's releases, by version."""
    return house.releases.list(ids.ProjectId(project_id))
