"""The backlog of a project: what the next run should mend, and what the last one did."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from brewslm.api.deps import HouseOf, ProjectId
from brewslm.bootstrap.house import House
from brewslm.core import ids
from brewslm.core.backlog.entry import BacklogEntry
from brewslm.core.value import Value
from brewslm.services.backlog.book import Backlog

router = APIRouter(tags=["backlog"])

Number = Annotated[int, Path(ge=1, le=2**53, description="The entry's number within the project.")]


class EntryNote(Value):
    """Why."""

    note: str = Field("", max_length=4_000)


class ClosingNote(Value):
    """Why nothing more is to be done."""

    note: str = Field(min_length=1, max_length=4_000)


@router.get("/projects/{project_id}/backlog")
def list_(
    project_id: ProjectId,
    house: HouseOf,
    all: Annotated[bool, Query(description="What was closed, too.")] = False,  # noqa: A002 - a query's name
) -> tuple[BacklogEntry, ...]:
    """List what the next run should mend, worth most first."""
    return _of(house).list(ids.ProjectId(project_id), is_all=all)


@router.post("/projects/{project_id}/backlog/look")
def look(project_id: ProjectId, house: HouseOf) -> tuple[BacklogEntry, ...]:
    """Look at the newest run: what is new, what it has mended beyond noise, what is back."""
    return _of(house).look(ids.ProjectId(project_id))


@router.get("/projects/{project_id}/backlog/{number}")
def show(project_id: ProjectId, number: Number, house: HouseOf) -> BacklogEntry:
    """Show an entry."""
    return _of(house).get(ids.ProjectId(project_id), number)


@router.post("/projects/{project_id}/backlog/{number}/take")
def take(project_id: ProjectId, number: Number, house: HouseOf, request: EntryNote | None = None) -> BacklogEntry:
    """Take an entry up; of failing rows a job makes a review list, which `job_id` names."""
    note = request.note if request else ""
    owner, book = ids.ProjectId(project_id), _of(house)
    review = book.review_of(owner, number)
    job_id = house.jobs.submit(owner, "review", review).id if review is not None else None
    return book.take(owner, number, note=note, job_id=job_id)


@router.post("/projects/{project_id}/backlog/{number}/close")
def close(project_id: ProjectId, number: Number, request: ClosingNote, house: HouseOf) -> BacklogEntry:
    """Say that nothing more is to be done; later runs do not open it again."""
    return _of(house).close(ids.ProjectId(project_id), number, note=request.note)


@router.post("/projects/{project_id}/backlog/{number}/reopen")
def reopen(project_id: ProjectId, number: Number, house: HouseOf, request: EntryNote | None = None) -> BacklogEntry:
    """Say that an entry is to be looked at again."""
    return _of(house).reopen(ids.ProjectId(project_id), number, note=request.note if request else "")


def _of(house: House) -> Backlog:
    return Backlog(house.ports, actor="api")
