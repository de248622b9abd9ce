"""Forks: a training that begins where an earlier one stood, with the changes that somebody asks for."""

from collections.abc import Mapping
from pathlib import Path

from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.checkpoints.choosing import checkpoint_at
from brewslm.core.checkpoints.fork import Fork
from brewslm.core.errors import ConflictError
from brewslm.core.experiment import Experiment
from brewslm.core.ids import JobId, ProjectId
from brewslm.core.job import Job
from brewslm.core.recipe.recipe import Recipe
from brewslm.services.ports import Ports
from brewslm.services.requests import AutopilotRequest, ForkRequest, Scalar
from brewslm.services.shelf import ProjectShelf
from brewslm.stages.preflight.contract import PreflightInputs


class Forks:
    """The fork service."""

    def __init__(self, ports: Ports) -> None:
        """Bind it to the ports."""
        self._ports = ports

    def request(self, job_id: JobId, asked: ForkRequest) -> tuple[ProjectId, AutopilotRequest]:
        """Return the project of a job that has trained, and what to submit as `autopilot` to fork it.

        Raises:
            NotFoundError: there is no such job, or no such checkpoint.
            ConflictError: the job has trained nothing.
            DamagedError: the manifest of a checkpoint cannot be trusted.
        """
        experiment = self._trained_by(job_id)
        fork = Fork(experiment_id=experiment.id, step=asked.step)
        checkpoint_at(_run_directory(experiment, self._ports), fork.step)
        with self._ports.storage.read() as transaction:
            plan = transaction.artifacts.get(experiment.project_id, experiment.plan_id)
            planned = PreflightInputs.model_validate(transaction.jobs.get(plan.job_id).payload)
        return experiment.project_id, AutopilotRequest(
            manifest_id=planned.manifest_id,
            profile=planned.profile,
            overrides=planned.overrides | asked.overrides,
            fork=fork,
        )

    def check(self, project_id: ProjectId, fork: Fork) -> None:
        """Refuse a fork of what is not there before its work stands in the line for the device.

        Raises:
            NotFoundError: there is no such experiment or checkpoint.
            DamagedError: the manifest of a checkpoint cannot be trusted.
        """
        inherited(fork, self._ports, project_id, is_new=True)

    def _trained_by(self, job_id: JobId) -> Experiment:
        with self._ports.storage.read() as transaction:
            job = transaction.jobs.get(job_id)
            own = [job_id, *(child.id for child in transaction.jobs.list(parent_id=job_id))]
            found = [one for one in transaction.experiments.list(job.project_id) if one.job_id in own]
        if not found:
            raise ConflictError(_nothing_trained(job))
        return found[-1]


def inherited(fork: Fork | None, ports: Ports, project_id: ProjectId, *, is_new: bool) -> Mapping[str, Scalar]:
    """Return the recipe fields that a fork has in common with what it begins from; nothing where there is none.

    Args:
        fork: where to begin.
        ports: with the ledger and the run directories.
        project_id: whose experiment is meant.
        is_new: whether the checkpoint must be there; a fork that has begun keeps the weights itself.

    Raises:
        NotFoundError: there is no such experiment or checkpoint.
        DamagedError: the manifest of a checkpoint cannot be trusted.
    """
    if fork is None:
        return {}
    with ports.storage.read() as transaction:
        experiment = transaction.experiments.get(project_id, fork.experiment_id)
    if is_new:
        checkpoint_at(_run_directory(experiment, ports), fork.step)
    recipe = ProjectShelf(ports.storage, ports.store, project_id).read(Readiness, experiment.plan_id).plan.recipe
    return _shape(recipe)


def _shape(recipe: Recipe) -> dict[str, Scalar]:
    """Return method and adapter, which are what weights mean; a profile would choose others."""
    shape: dict[str, Scalar] = {} if recipe.method == "lora" else {"method": recipe.method}
    if recipe.has_adapter:
        shape |= {"lora.lora_rank": recipe.lora.lora_rank, "lora.lora_alpha": recipe.lora.lora_alpha}
    return shape


def _run_directory(experiment: Experiment, ports: Ports) -> Path:
    return ports.store.project_folder(experiment.project_id) / "experiments" / experiment.folder_name


def _nothing_trained(job: Job) -> str:
    return f"job {job.id} ({job.kind}, {job.status}) has trained nothing to fork; `brewslm jobs list` shows the others"
