"""The shelf: a project's artifacts and files, as stages see them."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from brewslm.core.artifacts.base import (
    Artifact,
    ArtifactKind,
    ArtifactRecord,
    FileRef,
    content_hash_of,
    references_of,
)
from brewslm.core.errors import ArtifactDamagedError, NotFoundError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.ports.artifact_store import ArtifactStore
from brewslm.core.ports.storage import Storage, Transaction
from brewslm.core.value import Value

ArtifactT = TypeVar("ArtifactT", bound=Artifact)


class ProjectShelf:
    """Implements the `Shelf` port over ledger and store."""

    def __init__(self, storage: Storage, store: ArtifactStore, project_id: ProjectId) -> None:
        """Bind it to one project."""
        self._storage = storage
        self._store = store
        self._project_id = project_id
        self._drafts: list[Path] = []

    def read(self, model: type[ArtifactT], artifact_id: ArtifactId) -> ArtifactT:
        """Return the artifact, after checking its body against its hash."""
        with self._storage.read() as transaction:
            record = _of_kind(transaction, self._project_id, model.kind, artifact_id)
        return _opened(model, record)

    def all(self, model: type[ArtifactT]) -> tuple[ArtifactT, ...]:
        """Return the project's artifacts of this kind, after checking their bodies against their hashes."""
        with self._storage.read() as transaction:
            records = transaction.artifacts.list(project_id=self._project_id, kind=model.kind)
        return tuple(_opened(model, record) for record in records)

    def path(self, relative: str) -> Path:
        """Absolute path of a file or folder named by an artifact."""
        return self._store.project_folder(self._project_id) / relative

    def draft(self) -> Path:
        """A new empty folder to write files into."""
        folder = self._store.draft(self._project_id)
        self._drafts.append(folder)
        return folder

    def discard_drafts(self) -> None:
        """Remove the drafts that were not published, so that a failed stage leaves nothing behind."""
        for folder in self._drafts:
            shutil.rmtree(folder, ignore_errors=True)
        self._drafts.clear()

    def publish(self, draft: Path, *, room: str) -> tuple[FileRef, ...]:
        """Make a draft durable and visible."""
        return self._store.publish(self._project_id, draft, room=room)

    def reference(self, paths: Sequence[Path]) -> tuple[FileRef, ...]:
        """Hash files that lie inside the project's folder already."""
        return self._store.reference(self._project_id, paths)


def _opened(model: type[ArtifactT], record: ArtifactRecord) -> ArtifactT:
    if content_hash_of(record.kind, record.schema_version, record.body) != record.content_hash:
        message = f"the body of {record.id!r} does not match its hash; run `brewslm artifacts verify`"
        raise ArtifactDamagedError(message)
    return model.model_validate(record.body)


def named_artifacts(transaction: Transaction, project_id: ProjectId, inputs: Value) -> tuple[ArtifactId, ...]:
    """Return the artifacts that inputs name, in field order.

    Raises:
        NotFoundError: the project has none of that id, or it is of another kind.
    """
    named = references_of(inputs)
    return tuple(_of_kind(transaction, project_id, kind, artifact_id).id for kind, artifact_id in named)


def _of_kind(
    transaction: Transaction, project_id: ProjectId, kind: ArtifactKind, artifact_id: ArtifactId
) -> ArtifactRecord:
    record = transaction.artifacts.get(project_id, artifact_id)
    if record.kind != kind:
        message = f"{artifact_id!r} is a {record.kind}, where a {kind} is needed; name one of that kind"
        raise NotFoundError(message)
    return record
