"""Asking for work: flows, and one typed endpoint for each stage of the lifecycle."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response

from brewslm.api.deps import Engine, HouseOf, IdempotencyKey, Priority, ProjectId, submit
from brewslm.core import ids
from brewslm.core.job import MOVABLE, Job
from brewslm.core.stage import Stage
from brewslm.core.value import Value
from brewslm.lifecycle import LIFECYCLE
from brewslm.services.requests import (
    AutopilotRequest,
    EvaluationRequest,
    ImportRequest,
    OptimizeRequest,
)

router = APIRouter(prefix="/projects/{project_id}", tags=["work"])

ACCEPTED = 202


@router.post("/datasets/import", status_code=ACCEPTED)
def import_dataset(
    project_id: ProjectId,
    request: ImportRequest,
    house: HouseOf,
    response: Response,
    key: IdempotencyKey = None,
    priority: Priority = 0,
) -> Job:
    """Read a source and commit it as a dataset: stages 01 to 04."""
    return submit(house, response, project_id, "import", request, key, priority)


@router.post("/training/run", status_code=ACCEPTED)
def run_training(
    project_id: ProjectId,
    request: AutopilotRequest,
    house: HouseOf,
    response: Response,
    key: IdempotencyKey = None,
    priority: Priority = 0,
) -> Job:
    """Clean, prepare, plan, train and evaluate, where it is missing."""
    if request.fork is not None:
        house.forks.check(ids.ProjectId(project_id), request.fork)
    return submit(house, response, project_id, "autopilot", request, key, priority)


@router.post("/evaluation", status_code=ACCEPTED)
def evaluate(
    project_id: ProjectId,
    request: EvaluationRequest,
    house: HouseOf,
    response: Response,
    key: IdempotencyKey = None,
    priority: Priority = 0,
    engine: Engine = "local",
) -> Job:
    """Evaluate the newest adapter."""
    return submit(house, response, project_id, "evaluation", request, key, priority, engine)


@router.post("/optimize", status_code=ACCEPTED)
def optimize(
    project_id: ProjectId,
    request: OptimizeRequest,
    house: HouseOf,
    response: Response,
    key: IdempotencyKey = None,
    priority: Priority = 0,
) -> Job:
    """Measure the newest bundle's forms for a device."""
    return submit(house, response, project_id, "optimize", request, key, priority)


def _run_of(stage: Stage[Any, Any]) -> Callable[..., Job]:
    def run_here(
        project_id: ProjectId,
        inputs: Value,
        house: HouseOf,
        response: Response,
        key: IdempotencyKey = None,
        priority: Priority = 0,
    ) -> Job:
        return run(project_id, inputs, house, response, key, priority)

    def run(
        project_id: ProjectId,
        inputs: Value,
        house: HouseOf,
        response: Response,
        key: IdempotencyKey = None,
        priority: Priority = 0,
        engine: Engine = "local",
    ) -> Job:
        house.jobs.require_inputs(ids.ProjectId(project_id), inputs)
        return submit(house, response, project_id, stage.name, inputs, key, priority, engine)

    route = run if stage.name in MOVABLE else run_here
    route.__annotations__["inputs"] = stage.inputs
    route.__doc__ = f"Run stage {stage.title!r} on named artifacts."
    return route


for _stage in LIFECYCLE:
    router.add_api_route(
        f"/stages/{_stage.name}",
        _run_of(_stage),
        methods=["POST"],
        status_code=ACCEPTED,
        name=f"run_{_stage.name}",
        response_model=Job,
    )
