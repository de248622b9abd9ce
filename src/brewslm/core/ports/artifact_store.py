"""Where artifacts' files live, and the shelf that stages take artifacts from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from brewslm.core.artifacts.base import Artifact, FileRef
from brewslm.core.ids import ArtifactId, ProjectId

ArtifactT = TypeVar("ArtifactT", bound=Artifact)


class ArtifactStore(Protocol):
    """Files of one workspace."""

    def project_folder(self, project_id: ProjectId) -> Path:
        """The project's folder; made where missing."""

    def draft(self, project_id: ProjectId) -> Path:
        """A new empty folder on the same file system, invisible to readers; removing the folder gives it up."""

    def publish(self, project_id: ProjectId, draft: Path, *, room: str) -> tuple[FileRef, ...]:
        """Hash and fsync the draft's files and move it to `<room>/<hash>`; equal content is stored once.

        Raises:
            DiskFullError: there was no space; the draft is gone.
        """

    def reference(self, project_id: ProjectId, paths: Sequence[Path]) -> tuple[FileRef, ...]:
        """Hash files that lie inside the project's folder already."""


class Shelf(Protocol):
    """What a stage sees of ledger and store: its own project's artifacts and files."""

    def read(self, model: type[ArtifactT], artifact_id: ArtifactId) -> ArtifactT:
        """Return the artifact.

        Raises:
            NotFoundError: the ledger does not hold it.
            ArtifactDamagedError: its body does not match its hash.
        """

    def all(self, model: type[ArtifactT]) -> tuple[ArtifactT, ...]:
        """Return the project's artifacts of this kind, in the order in which they were first made.

        Raises:
            ArtifactDamagedError: a body does not match its hash.
        """

    def path(self, relative: str) -> Path:
        """Absolute path of a file or folder named by an artifact."""

    def draft(self) -> Path:
        """A new empty folder to write files into."""

    def publish(self, draft: Path, *, room: str) -> tuple[FileRef, ...]:
        """Make a draft durable and visible under `<room>/<hash>/`; see `ArtifactStore.publish`."""

    def reference(self, paths: Sequence[Path]) -> tuple[FileRef, ...]:
        """Hash files that lie inside the project's folder already."""
