"""Data health: what is known of a project's data, check by check, each with its rows and with what to do."""

from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.errors import NotFoundError
from brewslm.core.finding import Level
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.value import Value
from brewslm.services.data.checks import CHECKS, Facts, HealthCheck
from brewslm.services.data.scan import scan_examples
from brewslm.services.ports import Ports
from brewslm.services.projects import Projects
from brewslm.services.shelf import ProjectShelf

_RANKS: dict[Level, int] = {"ok": 0, "unknown": 1, "warn": 2, "block": 3}


class HealthReport(Value):
    """The health of a project's present data."""

    project_id: ProjectId
    level: Level
    """The worst of the checks."""
    snapshot_id: ArtifactId
    dataset_id: ArtifactId
    manifest_id: ArtifactId | None
    """Of the splits made from this very dataset; None where there are none yet."""
    num_examples: int
    num_scanned: int
    checks: tuple[HealthCheck, ...]


class Health:
    """The service."""

    def __init__(self, ports: Ports, projects: Projects) -> None:
        """Bind it to the ports."""
        self._ports = ports
        self._projects = projects

    def report(self, project_id: ProjectId) -> HealthReport:
        """Look at the project's newest dataset, what it was made of, and the splits made from it.

        Raises:
            NotFoundError: there is no such project, or it has no dataset yet.
        """
        facts = self._facts(project_id)
        checks = tuple(check for rule in CHECKS if (check := rule(facts)) is not None)
        return HealthReport(
            project_id=project_id,
            level=max((check.level for check in checks), key=_RANKS.__getitem__),
            snapshot_id=facts.snapshot.id,
            dataset_id=facts.dataset.id,
            manifest_id=facts.manifest.id if facts.manifest else None,
            num_examples=facts.dataset.num_examples,
            num_scanned=facts.scan.num_scanned,
            checks=checks,
        )

    def _facts(self, project_id: ProjectId) -> Facts:
        self._projects.get(project_id)
        dataset_id = self._projects.current(project_id, "clean", "map_commit")
        if dataset_id is None:
            command = f"brewslm dataset import PATH --project {project_id}"
            message = f"project {project_id} has no dataset yet; make one with `{command}`"
            raise NotFoundError(message)
        shelf = ProjectShelf(self._ports.storage, self._ports.store, project_id)
        dataset = shelf.read(Dataset, dataset_id)
        mapped = dataset
        while mapped.cleaned_from is not None:
            mapped = shelf.read(Dataset, mapped.cleaned_from)
        manifest_id = self._projects.current(project_id, "prepare")
        manifest = shelf.read(Manifest, manifest_id) if manifest_id is not None else None
        examples = next(file.path for file in dataset.files if file.path.endswith("/examples.parquet"))
        return Facts(
            project_id=project_id,
            snapshot=shelf.read(Snapshot, dataset.snapshot_id),
            mapped=mapped,
            dataset=dataset,
            manifest=manifest if manifest is not None and manifest.dataset_id == dataset_id else None,
            scan=scan_examples(shelf.path(examples), self._ports.tables, dataset.num_examples),
        )
