"""Manifests: listing them, and making an earlier one the current one again."""

from brewslm.core.artifacts.base import ArtifactRecord
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.errors import NotFoundError
from brewslm.core.events.base import Draft
from brewslm.core.events.data import ManifestActivated
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.value import Value
from brewslm.services.ports import Ports
from brewslm.services.projects import Projects, activations_of
from brewslm.services.recording import Origin, emit_event
from brewslm.services.shelf import ProjectShelf


class ManifestRow(Value):
    """A manifest as a list shows it."""

    record: ArtifactRecord
    is_current: bool


class Manifests:
    """The service."""

    def __init__(self, ports: Ports, projects: Projects, *, actor: str) -> None:
        """Bind it to the ports; `actor` is who events name."""
        self._ports, self._projects, self._actor = ports, projects, actor

    def list(self, project_id: ProjectId) -> tuple[ManifestRow, ...]:
        """All manifests of a project, oldest first."""
        current = self._projects.current(project_id, "prepare")
        records = self._projects.artifacts(project_id, kind="manifest")
        return tuple(ManifestRow(record=record, is_current=record.id == current) for record in records)

    def activate(self, project_id: ProjectId, manifest_id: ArtifactId) -> ManifestRow:
        """Make this manifest the current one, until a newer one is made.

        Raises:
            NotFoundError: there is no such manifest in the project, or its files are gone.
        """
        shelf = ProjectShelf(self._ports.storage, self._ports.store, project_id)
        manifest = shelf.read(Manifest, manifest_id)
        gone = next((file.path for file in manifest.files if not shelf.path(file.path).is_file()), None)
        if gone is not None:
            message = f"{gone!r} of {manifest_id!r} is missing; prepare the dataset again"
            raise NotFoundError(message)
        before = self._projects.current(project_id, "prepare")
        if before != manifest_id:
            draft = Draft(
                Reason.PREPARATION_ACTIVATED,
                f"Manifest {manifest_id} became the current one again",
                ManifestActivated(manifest_id=manifest_id, before=before),
            )
            origin = Origin(project_id=project_id, run_id=activations_of(project_id), actor=self._actor)
            with self._ports.storage.write() as transaction:
                emit_event(transaction, draft, origin=origin, occurred_at=self._ports.clock.now())
        return ManifestRow(record=self._projects.artifact(project_id, manifest_id), is_current=True)
