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
        with self._ports.storage.read() as transaction:
            experiment = transaction.experiments.get(project_id, trial.experiment_id)
        checkpoint_at(self._folder(experiment), trial.step)

    @contextlib.contextmanager
    def opened(self, project: Project, trial: Trial, settings: EndpointSettings) -> Iterator[ServeOrder]:
        """Say how a checkpoint is served, and keep it from being pruned.

        Raises:
            NotFoundError: there is no such experiment or checkpoint.
            DamagedError: its manifest cannot be trusted.
            BaseModelError: its base model is not there.
        """
        with self._ports.storage.read() as transaction:
            experiment = transaction.experiments.get(project.id, trial.experiment_id)
        shelf = ProjectShelf(self._ports.storage, self._ports.store, project.id)
        recipe = shelf.read(Readiness, experiment.plan_id).plan.recipe
        folder = checkpoint_at(self._folder(experiment), trial.step).folder
        base = str(self._ports.base_models.locate(recipe.base_model))
        order, name = base_order(project, Path(base), settings), trial.model(project.name)
        with held(folder):
            if recipe.has_adapter:
                adapter = ServedAdapter(name=name, folder=str(folder / ADAPTER_FOLDER))
                yield order.model_copy(update={"adapters": (adapter,)})
            else:
                model = str(folder / MODEL_FOLDER)
                yield order.model_copy(update={"model": model, "tokenizer": base, "name": name})

    def _folder(self, experiment: Experiment) -> Path:
        return self._ports.store.project_folder(experiment.project_id) / "experiments" / experiment.folder_name
