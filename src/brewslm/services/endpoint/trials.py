"""Checkpoints that somebody tries in the Studio, also while their training goes on."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.checkpoints.choosing import best_of, checkpoint_at, whole_checkpoints
from brewslm.core.checkpoints.lease import held
from brewslm.core.experiment import Experiment
from brewslm.core.ids import ExperimentId, ProjectId
from brewslm.core.project import Project
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.serving.host import EndpointSettings
from brewslm.core.serving.order import ServedAdapter, ServeOrder
from brewslm.core.value import Value
from brewslm.core.wire.rundir import ADAPTER_FOLDER, CHECKPOINTS_FOLDER, MODEL_FOLDER
from brewslm.services.endpoint.orders import base_order
from brewslm.services.endpoint.trial import Trial
from brewslm.services.ports import Ports
from brewslm.services.shelf import ProjectShelf

NUM_EXPERIMENTS = 10


class TriedCheckpoint(Value):
    """A checkpoint that can be talked to."""

    model: str
    """What the Studio asks for."""
    experiment_id: ExperimentId
    step: int
    eval_loss: float | None
    """Mean per trained token of the eval split, nats."""
    is_best: bool
    """Whether it has the lowest eval loss of its experiment."""


class Trials:
    """Finds checkpoints and says how they are served."""

    def __init__(self, ports: Ports) -> None:
        """Bind it to the ports."""
        self._ports = ports

    def list(self, project_id: ProjectId) -> tuple[TriedCheckpoint, ...]:
        """The checkpoints of the newest experiments that are there, the newest first.

        Raises:
            NotFoundError: there is no such project.
        """
        with self._ports.storage.read() as transaction:
            project = transaction.projects.get(project_id)
            experiments = transaction.experiments.list(project_id)
        newest = sorted(experiments, key=lambda one: -one.id)[:NUM_EXPERIMENTS]
        return tuple(found for experiment in newest for found in self._of(experiment, project.name))

    def _of(self, experiment: Experiment, project: str) -> Iterator[TriedCheckpoint]:
        checkpoints = whole_checkpoints(self._folder(experiment) / CHECKPOINTS_FOLDER)
        best = best_of(checkpoints)
        for step in sorted({one.step for one in checkpoints}, reverse=True):
            newest = next(one for one in checkpoints if one.step == step)
            yield TriedCheckpoint(
                model=Trial(experiment.id, step).model(project),
                experiment_id=experiment.id,
                step=step,
                eval_loss=newest.eval_loss,
                is_best=best is not None and best.step == step,
            )

    def check(self, project_id: ProjectId, trial: Trial) -> None:
        """Look that a checkpoint is there, before anything is loaded for it.

        Raises:
            NotFoundError: there is no such experiment or checkpoint.
            DamagedError: its manifest cannot be trusted.
        """
        self._checkpoint(project_id, trial)

    def shares_base(self, project: Project, trial: Trial) -> bool:
        """Whether a checkpoint is an adapter that can answer on the process of the project's base model.

        Raises:
            NotFoundError: there is no such experiment.
        """
        recipe = self._recipe(project.id, trial)
        return recipe.method in {"lora", "qlora"} and recipe.base_model == project.base_model

    @contextlib.contextmanager
    def adapter(self, project: Project, trial: Trial) -> Iterator[ServedAdapter]:
        """Say what is held by the process of the base model, and keep it from being pruned.

        Raises:
            NotFoundError: there is no such checkpoint.
            DamagedError: its manifest cannot be trusted.
        """
        folder = self._checkpoint(project.id, trial)
        with held(folder):
            yield ServedAdapter(name=trial.model(project.name), folder=str(folder / ADAPTER_FOLDER))

    @contextlib.contextmanager
    def opened(self, project: Project, trial: Trial, settings: EndpointSettings) -> Iterator[ServeOrder]:
        """Say how a checkpoint is served by a process of its own, and keep it from being pruned.

        Raises:
            NotFoundError: there is no such experiment or checkpoint.
            DamagedError: its manifest cannot be trusted.
            BaseModelError: its base model is not there.
        """
        recipe, folder = self._recipe(project.id, trial), self._checkpoint(project.id, trial)
        base = str(self._ports.base_models.locate(recipe.base_model))
        own = {"merged_adapter": str(folder / ADAPTER_FOLDER)}
        if not recipe.has_adapter:
            own = {"model": str(folder / MODEL_FOLDER), "tokenizer": base}
        order = base_order(project, Path(base), settings)
        with held(folder):
            yield order.model_copy(update={"name": trial.model(project.name), **own})

    def _recipe(self, project_id: ProjectId, trial: Trial) -> Recipe:
        with self._ports.storage.read() as transaction:
            experiment = transaction.experiments.get(project_id, trial.experiment_id)
        shelf = ProjectShelf(self._ports.storage, self._ports.store, project_id)
        return shelf.read(Readiness, experiment.plan_id).plan.recipe

    def _checkpoint(self, project_id: ProjectId, trial: Trial) -> Path:
        with self._ports.storage.read() as transaction:
            experiment = transaction.experiments.get(project_id, trial.experiment_id)
        return checkpoint_at(self._folder(experiment), trial.step).folder

    def _folder(self, experiment: Experiment) -> Path:
        return self._ports.store.project_folder(experiment.project_id) / "experiments" / experiment.folder_name
