"""Looking back: benchmarks and forecasts that were made, and how the forecasts came out."""

from datetime import datetime

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.base import Artifact, ArtifactRecord
from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.artifacts.outlook.benchmark import Benchmark
from brewslm.core.artifacts.outlook.forecast import Forecast, LossRange, Outlook
from brewslm.core.ids import ArtifactId, ExperimentId, JobId, ProjectId
from brewslm.core.value import Value
from brewslm.services.ports import Ports


class BenchmarkView(Value):
    """A benchmark, and its answer in words."""

    id: ArtifactId
    job_id: JobId
    created_at: datetime
    sentence: str
    shortlist: tuple[str, ...]
    benchmark: Benchmark


class ForecastView(Value):
    """A forecast, and what came of its plan."""

    id: ArtifactId
    job_id: JobId
    created_at: datetime
    forecast: Forecast
    experiment_id: ExperimentId | None
    """The newest training of its plan that ended; None where there is none yet."""
    eval_loss: float | None
    is_inside: bool | None
    """Whether the loss came to lie in the predicted range."""
    passed: bool | None
    """Whether every gate of its evaluation passed; None where it was not evaluated."""


class Calibration(Value):
    """Predicted against actual, over all forecasts whose trainings ended."""

    num_ended: int
    num_inside: int
    """In their 80 % interval."""
    num_judged: int
    """Those whose trainings were evaluated, too."""
    brier_score: float | None
    """Mean of (probability - outcome) squared: 0 is perfect, 0.25 is what always saying 50 % has (Brier 1950)."""
    passed_of: dict[Outlook, tuple[int, int]]
    """For each outlook, how many passed of how many."""
    forecasts: tuple[ForecastView, ...]
    """Newest first, with those whose trainings have not ended."""


class Outlooks:
    """What the faces ask."""

    def __init__(self, ports: Ports) -> None:
        """Bind it to the ports."""
        self._ports = ports

    def benchmarks(self, project_id: ProjectId) -> tuple[BenchmarkView, ...]:
        """Return the project's benchmarks, newest first.

        Raises:
            NotFoundError: there is no such project.
        """
        return tuple(_benchmark(record) for record in reversed(self._records(project_id, Benchmark)))

    def forecasts(self, project_id: ProjectId) -> tuple[ForecastView, ...]:
        """Return the project's forecasts, newest first, each with what came of it.

        Raises:
            NotFoundError: there is no such project.
        """
        adapters = [Adapter.model_validate(record.body) for record in self._records(project_id, Adapter)]
        reports = [EvalReport.model_validate(record.body) for record in self._records(project_id, EvalReport)]
        return tuple(_forecast(record, adapters, reports) for record in reversed(self._records(project_id, Forecast)))

    def calibration(self, project_id: ProjectId) -> Calibration:
        """Compare the project's forecasts with how their trainings came out.

        Raises:
            NotFoundError: there is no such project.
        """
        return calibration_of(self.forecasts(project_id))

    def _records(self, project_id: ProjectId, model: type[Artifact]) -> tuple[ArtifactRecord, ...]:
        with self._ports.storage.read() as transaction:
            transaction.projects.get(project_id)
            return transaction.artifacts.list(project_id=project_id, kind=model.kind)


def calibration_of(views: tuple[ForecastView, ...]) -> Calibration:
    """Count how forecasts came out."""
    ended = [view for view in views if view.eval_loss is not None]
    judged = [view for view in ended if view.passed is not None]
    errors = [(view.forecast.probability - float(bool(view.passed))) ** 2 for view in judged]
    outlooks: tuple[Outlook, ...] = ("likely", "borderline", "unlikely")
    return Calibration(
        num_ended=len(ended),
        num_inside=sum(bool(view.is_inside) for view in ended),
        num_judged=len(judged),
        brier_score=sum(errors) / len(errors) if errors else None,
        passed_of={
            outlook: (
                sum(bool(view.passed) for view in judged if view.forecast.outlook == outlook),
                sum(view.forecast.outlook == outlook for view in judged),
            )
            for outlook in outlooks
        },
        forecasts=views,
    )


def _benchmark(record: ArtifactRecord) -> BenchmarkView:
    made = Benchmark.model_validate(record.body)
    return BenchmarkView(
        id=record.id,
        job_id=record.job_id,
        created_at=record.created_at,
        sentence=made.sentence,
        shortlist=tuple(one.name for one in made.shortlist),
        benchmark=made,
    )


def _forecast(record: ArtifactRecord, adapters: list[Adapter], reports: list[EvalReport]) -> ForecastView:
    made = Forecast.model_validate(record.body)
    mine = [adapter for adapter in adapters if adapter.readiness_id == made.readiness_id]
    adapter = mine[-1] if mine else None
    judged = [report for report in reports if adapter is not None and report.adapter_id == adapter.id]
    return ForecastView(
        id=record.id,
        job_id=record.job_id,
        created_at=record.created_at,
        forecast=made,
        experiment_id=None if adapter is None else adapter.experiment_id,
        eval_loss=None if adapter is None else adapter.eval_loss,
        is_inside=None if adapter is None else _is_inside(made.loss, adapter.eval_loss),
        passed=all(gate.passed for gate in judged[-1].gates) if judged else None,
    )


def _is_inside(loss: LossRange, value: float) -> bool:
    return loss.low <= value <= loss.high
