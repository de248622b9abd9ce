"""Evaluations: packs, the rows that fail, review lists, and Gate D."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from brewslm.api.deps import HouseOf, IdempotencyKey, ProjectId, submit
from brewslm.core import ids
from brewslm.core.data.example import Shape
from brewslm.core.job import Job
from brewslm.core.value import Value
from brewslm.services.evaluation.book import FailingRows, PairsToLabel
from brewslm.services.evaluation.packs import PackSummary, PackText, read_pack
from brewslm.services.gates.promotion import ReleaseVerdict
from brewslm.services.requests import ReviewRequest

router = APIRouter(tags=["evaluations"])

PackName = Annotated[str, Path(max_length=60, pattern=r"^[a-z0-9][a-z0-9_-]*$", description="The pack's name.")]
ReportId = Annotated[
    str | None,
    Query(max_length=64, pattern=r"^eval_report-[0-9a-f]{16}$", description="An evaluation; the newest without it."),
]


class NewPack(Value):
    """A pack to be made."""

    name: str = Field(min_length=1, max_length=60, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """How it is called."""
    shape: Shape = "chat"
    """The shape of the data that it is for."""


class PackToCheck(Value):
    """The text of a pack."""

    text: str = Field(max_length=1_000_000)
    """YAML."""


class PackProblems(Value):
    """All that is wrong with a pack; empty where it is valid."""

    problems: tuple[str, ...]


class NewPairs(Value):
    """Pairs of answers to be written."""

    name: str = Field(min_length=1, max_length=60, pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """What they are to be called."""
    eval_report_id: ids.ArtifactId | None = None
    """Whose answers; None takes those of the newest evaluation."""
    limit: int = Field(60, ge=1, le=1_000)
    """At most so many."""


@router.get("/eval-packs")
def packs(house: HouseOf) -> tuple[PackSummary, ...]:
    """List the eval packs of the workspace."""
    return house.eval_packs.list()


@router.post("/eval-packs", status_code=201)
def new_pack(request: NewPack, house: HouseOf) -> PackText:
    """Write a pack with the metrics of such data, to be changed."""
    made, _ = house.eval_packs.new(request.name, request.shape)
    return made


@router.post("/eval-packs/check")
def check_pack(request: PackToCheck) -> PackProblems:
    """Check a text strictly: all that is wrong at once, each with its line and the nearest name."""
    return PackProblems(problems=read_pack(request.text).problems)


@router.get("/eval-packs/{name}")
def pack(name: PackName, house: HouseOf) -> PackText:
    """Show a pack."""
    return house.eval_packs.show(name)


@router.get("/projects/{project_id}/failures")
def failures(
    project_id: ProjectId,
    house: HouseOf,
    report: ReportId = None,
    task: Annotated[str | None, Query(max_length=60, description="A task; the first without it.")] = None,
    slice: Annotated[str | None, Query(max_length=300, description="Only one slice, `label=refund`.")] = None,  # noqa: A002 - a query's name
    start: Annotated[int, Query(ge=0, le=10**9, description="How many are skipped.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many.")] = 20,
) -> FailingRows:
    """List rows that the tuned model fails, the worst first, with what base and tuned made of them."""
    report_id = ids.ArtifactId(report) if report is not None else None
    return house.evaluations.failing(
        ids.ProjectId(project_id), report_id, task=task, slice_=slice, start=start, limit=limit
    )


@router.post("/projects/{project_id}/reviews", status_code=202)
def review(
    project_id: ProjectId, request: ReviewRequest, house: HouseOf, response: Response, key: IdempotencyKey = None
) -> Job:
    """Put failing rows on a review list."""
    return submit(house, response, project_id, "review", request, key)


@router.post("/projects/{project_id}/pairs", status_code=201)
def pairs(project_id: ProjectId, request: NewPairs, house: HouseOf) -> PairsToLabel:
    """Write pairs of answers for people to label, so that a judge can be compared with them."""
    return house.evaluations.pairs(ids.ProjectId(project_id), request.name, request.eval_report_id, limit=request.limit)


@router.get("/projects/{project_id}/promotion")
def promotion(project_id: ProjectId, house: HouseOf, report: ReportId = None) -> ReleaseVerdict:
    """Judge whether a model may take the place of the last accepted release (Gate D)."""
    return house.evaluations.promotion(
        ids.ProjectId(project_id), ids.ArtifactId(report) if report is not None else None
    )
