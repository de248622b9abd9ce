"""Experiments, numbered per project."""

from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from brewslm.adapters.sql.schema import experiments, times_in_utc
from brewslm.core.errors import NotFoundError
from brewslm.core.experiment import Experiment
from brewslm.core.ids import ArtifactId, ExperimentId, JobId, ProjectId


class SqlExperimentRows:
    """Implements `core.ports.storage.ExperimentRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, *, project_id: ProjectId, job_id: JobId, plan_id: ArtifactId, created_at: datetime) -> Experiment:
        """Insert with the project's next id; where the job has one already, return that."""
        known = self._connection.execute(select(experiments).where(experiments.c.job_id == job_id)).mappings().first()
        if known is not None:
            return Experiment.model_validate(dict(known))
        newest = self._connection.scalar(
            select(func.max(experiments.c.id)).where(experiments.c.project_id == project_id)
        )
        experiment = Experiment(
            project_id=project_id,
            id=ExperimentId((newest or 0) + 1),
            job_id=job_id,
            plan_id=plan_id,
            created_at=created_at,
        )
        self._connection.execute(insert(experiments), times_in_utc(experiment.model_dump()))
        return experiment

    def hand_over(self, *, from_job: JobId, to_job: JobId) -> None:
        """Make a job's experiment, where it has one, that of another job."""
        self._connection.execute(update(experiments).where(experiments.c.job_id == from_job).values(job_id=to_job))

    def get(self, project_id: ProjectId, experiment_id: ExperimentId) -> Experiment:
        """Return it.

        Raises:
            NotFoundError: there is none.
        """
        query = select(experiments).where(experiments.c.project_id == project_id, experiments.c.id == experiment_id)
        row = self._connection.execute(query).mappings().one_or_none()
        if row is None:
            known = self.list(project_id)
            others = f"they are numbered from 1 to {known[-1].id}" if known else "nothing was trained in it yet"
            message = f"Project {project_id} has no experiment {experiment_id}; {others}."
            raise NotFoundError(message)
        return Experiment.model_validate(dict(row))

    def list(self, project_id: ProjectId) -> tuple[Experiment, ...]:
        """By id."""
        query = select(experiments).where(experiments.c.project_id == project_id).order_by(experiments.c.id)
        return tuple(Experiment.model_validate(dict(row)) for row in self._connection.execute(query).mappings())
