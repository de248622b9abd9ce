"""The release book: one numbered row for each deployment."""

from brewslm.core.artifacts.base import ArtifactRecord
from brewslm.core.ids import ProjectId
from brewslm.core.ports.storage import Transaction
from brewslm.core.release import ReleaseRow
from brewslm.services.ports import Ports


def enter_release(transaction: Transaction, record: ArtifactRecord) -> None:
    """Give the release artifact the project's next version, as a candidate."""
    versions = [row.version for row in transaction.releases.list(record.project_id)]
    transaction.releases.add(
        project_id=record.project_id,
        version=max(versions, default=0) + 1,
        release_id=record.id,
        created_at=record.created_at,
    )


class Releases:
    """The release service."""

    def __init__(self, ports: Ports) -> None:
        """Bind it to the ports."""
        self._ports = ports

    def list(self, project_id: ProjectId) -> tuple[ReleaseRow, ...]:
        """A project's releases, by version."""
        with self._ports.storage.read() as transaction:
            transaction.projects.get(project_id)
            return transaction.releases.list(project_id)
