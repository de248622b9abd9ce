"""From a trainer to what services are asked for."""

import re
from pathlib import Path

from brewslm.core.brew.trainer import Trainer
from brewslm.core.errors import NotFoundError
from brewslm.core.ids import ArtifactId
from brewslm.core.ports.source import Sources
from brewslm.core.project import Project
from brewslm.services.projects import Projects
from brewslm.services.requests import AutopilotRequest, ImportRequest

_DATASET_ID = re.compile(r"dataset-[0-9a-f]{16}")
_SCHEME = re.compile(r"[a-z][a-z0-9+]*:")
_PATTERN = frozenset("*?[")
_SAMPLE = "sample:"


def check_trainer(trainer: Trainer, folder: Path, sources: Sources) -> None:
    """Refuse a trainer whose dataset is plainly not there, before any work is done.

    Raises:
        NotFoundError: there is no such file or sample.
    """
    locator = _locator(trainer, folder)
    if locator.startswith(_SAMPLE) and locator.removeprefix(_SAMPLE) not in sources.samples():
        known = ", ".join(sources.samples())
        message = f"dataset={trainer.dataset!r}: there is no such sample; choose one of {known}"
        raise NotFoundError(message)
    if Path(locator).is_absolute() and not _PATTERN & set(locator) and not Path(locator).exists():
        message = f"dataset={trainer.dataset!r}: there is no {locator!r}; paths count from the file's folder"
        raise NotFoundError(message)


def project_for(trainer: Trainer, folder: Path, projects: Projects) -> Project:
    """Return the trainer's project, made where there is none.

    Raises:
        BrewError: it cannot be made; see `Projects.create`.
    """
    known = next((one for one in projects.list() if one.name == trainer.project_name), None)
    return known or projects.create(trainer.project_name, base_model=base_model_of(trainer, folder))


def import_for(trainer: Trainer, folder: Path) -> ImportRequest | None:
    """Return the import that the trainer needs; None where it names a dataset of the project."""
    if _DATASET_ID.fullmatch(trainer.dataset):
        return None
    return ImportRequest(locator=_locator(trainer, folder))


def training_for(trainer: Trainer, folder: Path, dataset_id: ArtifactId | None) -> AutopilotRequest:
    """Return the training.

    Args:
        trainer: what is asked for.
        folder: where its file is.
        dataset_id: what the import made; None where the trainer names a dataset.
    """
    return AutopilotRequest(
        profile=trainer.profile,
        base_model=base_model_of(trainer, folder),
        max_seq_len=trainer.max_seq_len,
        overrides=trainer.recipe,
        prompts=trainer.prompts,
        dataset_id=dataset_id or ArtifactId(trainer.dataset),
    )


def _locator(trainer: Trainer, folder: Path) -> str:
    if _SCHEME.match(trainer.dataset) or _DATASET_ID.fullmatch(trainer.dataset):
        return trainer.dataset
    return str(folder / Path(trainer.dataset).expanduser())


def base_model_of(trainer: Trainer, folder: Path) -> str:
    """Return the base model as services know it: a folder by its whole path."""
    path = folder / Path(trainer.base_model).expanduser()
    return str(path) if path.is_dir() else trainer.base_model
