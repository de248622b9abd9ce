"""What is known before a training is paid for: benchmarks of base models, forecasts, and how those came out."""

from fastapi import APIRouter, Response

from brewslm.api.deps import Engine, HouseOf, IdempotencyKey, Priority, ProjectId, submit
from brewslm.core import ids
from brewslm.core.job import Job
from brewslm.services.forecasting.book import BenchmarkView, Calibration, ForecastView
from brewslm.services.requests import BenchmarkRequest, ForecastRequest

router = APIRouter(prefix="/projects/{project_id}", tags=["outlooks"])

ACCEPTED = 202


@router.post("/benchmarks", status_code=ACCEPTED)
def run_benchmark(
    project_id: ProjectId,
    request: BenchmarkRequest,
    house: HouseOf,
    response: Response,
    key: IdempotencyKey = None,
    priority: Priority = 0,
    engine: Engine = "local",
) -> Job:
    """Measure base models on the project's own rows, and rank them."""
    return submit(house, response, project_id, "benchmark", request, key, priority, engine)


@router.get("/benchmarks")
def list_benchmarks(project_id: ProjectId, house: HouseOf) -> tuple[BenchmarkView, ...]:
    """List the benchmarks, newest first."""
    return house.outlooks.benchmarks(ids.ProjectId(project_id))


@router.post("/forecasts", status_code=ACCEPTED)
def run_forecast(
    project_id: ProjectId,
    request: ForecastRequest,
    house: HouseOf,
    response: Response,
    key: IdempotencyKey = None,
    priority: Priority = 0,
    engine: Engine = "local",
) -> Job:
    """Say what a plan will probably come to, after a short measured probe where that is allowed."""
    return submit(house, response, project_id, "forecast", request, key, priority, engine)


@router.get("/forecasts")
def list_forecasts(project_id: ProjectId, house: HouseOf) -> tuple[ForecastView, ...]:
    """List the forecasts, newest first, each with what came of its plan."""
    return house.outlooks.forecasts(ids.ProjectId(project_id))


@router.get("/forecasts/calibration")
def calibration(project_id: ProjectId, house: HouseOf) -> Calibration:
    """Compare what was predicted with what came."""
    return house.outlooks.calibration(ids.ProjectId(project_id))
