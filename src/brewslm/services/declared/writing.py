"""From a project to the `brewslm.yaml` that makes it again."""

from typing import Any

import yaml

from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.brew.project_file import DataChoices, Difference, Preparation, ProjectFile
from brewslm.core.brew.trainer import Trainer
from brewslm.core.errors import NotFoundError
from brewslm.core.ids import ProjectId
from brewslm.core.job import Job, JobStatus
from brewslm.core.project import Project
from brewslm.services.ports import Ports
from brewslm.services.projects import Projects
from brewslm.services.requests import ImportRequest
from brewslm.services.shelf import ProjectShelf
from brewslm.stages.clean.contract import CleanInputs
from brewslm.stages.preflight.contract import PreflightInputs

SCHEMA_FILE = "brewslm.schema.json"
_JOBS = 100_000
_NOT_COMPARED = frozenset({"api_version", "kind", "trainer.project"})
_LEFT_OPEN = frozenset({"trainer.max_seq_len"})
"""What preparation chooses where the file names nothing."""


def export(project: Project, projects: Projects, ports: Ports) -> ProjectFile:
    """Return what the project is, as a file.

    Raises:
        NotFoundError: it has no dataset yet.
    """
    shelf = ProjectShelf(ports.storage, ports.store, project.id)
    jobs = completed_jobs(project.id, ports)
    with ports.storage.read() as transaction:
        modes = transaction.gate_modes.of(project.id)
    dataset_id = projects.current(project.id, "clean", "map_commit")
    if dataset_id is None:
        message = f"project {project.id} has no dataset yet, so there is nothing to export; import one first"
        raise NotFoundError(message)
    dataset = shelf.read(Dataset, dataset_id)
    imported = _import_of(dataset.cleaned_from or dataset_id, jobs)
    manifest_id = projects.current(project.id, "prepare")
    manifest = shelf.read(Manifest, manifest_id) if manifest_id is not None else None
    planned = _inputs_of_plan(projects, project, jobs)
    request = ImportRequest.model_validate(imported.payload) if imported is not None else None
    cleaned = next((job for job in jobs if job.kind == "clean" and job.artifact_id == dataset_id), None)
    return ProjectFile(
        api_version="brewslm/v1",
        kind="Project",
        template=project.template,
        seed=project.seed,
        gates={stage: mode for stage, mode in modes.items() if mode != "auto"},
        data=DataChoices() if request is None else _choices_of(request),
        cleaning=None if cleaned is None else CleanInputs.model_validate(cleaned.payload).plan,
        preparation=Preparation() if manifest is None else _preparation_of(manifest),
        trainer=Trainer(
            name=project.name,
            dataset=str(dataset_id) if request is None else request.locator,
            base_model=project.base_model if manifest is None else manifest.base_model,
            max_seq_len=None if manifest is None else manifest.max_seq_len,
            profile="balanced" if planned is None else planned.profile,
            recipe={} if planned is None else planned.overrides,
        ),
    )


def as_yaml(file: ProjectFile) -> str:
    """Spell a file: what is usual is left out, the recipe is in groups."""
    tree = file.model_dump(mode="json", exclude_defaults=True)
    trainer = tree["trainer"]
    if recipe := trainer.get("recipe"):
        trainer["recipe"] = _grouped(recipe)
    tree["trainer"] = trainer
    text: str = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=120)
    return f"# yaml-language-server: $schema={SCHEMA_FILE}\n{text}"


def differences(project: ProjectFile | None, file: ProjectFile) -> tuple[Difference, ...]:
    """Return every value on which the two do not agree; without a project those that the file names itself.

    What the file leaves open agrees with whatever the project chose.
    """
    wanted = _flat(file.model_dump(mode="json", exclude_defaults=project is None))
    is_now = {} if project is None else _flat(project.model_dump(mode="json"))
    names = dict.fromkeys((*is_now, *wanted))
    return tuple(
        Difference(field=name, project=is_now.get(name), file=wanted.get(name))
        for name in names
        if is_now.get(name) != wanted.get(name)
        and name not in _NOT_COMPARED
        and not (name in _LEFT_OPEN and wanted.get(name) is None)
    )


def completed_jobs(project_id: ProjectId, ports: Ports) -> tuple[Job, ...]:
    """Return a project's completed jobs, the newest first."""
    with ports.storage.read() as transaction:
        return transaction.jobs.list(project_id=project_id, statuses=[JobStatus.COMPLETED], limit=_JOBS)


def _import_of(dataset_id: str, jobs: tuple[Job, ...]) -> Job | None:
    """Return the import that made a dataset; None where its stages were run one by one."""
    return next((job for job in jobs if job.kind == "import" and job.artifact_id == dataset_id), None)


def _choices_of(request: ImportRequest) -> DataChoices:
    return DataChoices.model_validate(request.model_dump(exclude={"locator", "sample_size"}))


def _preparation_of(manifest: Manifest) -> Preparation:
    return Preparation(
        shares=manifest.shares,
        truncation=manifest.truncation,
        group_by=manifest.group_by,
        time_by=manifest.time_by,
        use_source_splits=manifest.uses_source_splits,
        leak_policy=manifest.leak_policy,
        leak_check=manifest.leak_check,
    )


def _inputs_of_plan(projects: Projects, project: Project, jobs: tuple[Job, ...]) -> PreflightInputs | None:
    readiness_id = projects.current(project.id, "preflight")
    made = next((job for job in jobs if job.kind == "preflight" and job.artifact_id == readiness_id), None)
    return None if made is None or readiness_id is None else PreflightInputs.model_validate(made.payload)


def _grouped(recipe: dict[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in recipe.items():
        group, _, leaf = name.partition(".")
        if leaf:
            tree.setdefault(group, {})[leaf] = value
        else:
            tree[name] = value
    return tree


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            found |= _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            found[f"{prefix}{name}"] = ", ".join(map(str, value)) or None
        else:
            found[f"{prefix}{name}"] = None if value == {} else value
    return found
