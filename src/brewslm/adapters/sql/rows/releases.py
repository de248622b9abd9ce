"""Releases, numbered per project."""

from datetime import datetime

from sqlalchemy import Connection, insert, select

from brewslm.adapters.sql.schema import releases, times_in_utc
from brewslm.core.errors import ConflictError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.release import ReleaseRow


class SqlReleaseRows:
    """Implements `core.ports.storage.ReleaseRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, *, project_id: ProjectId, version: int, release_id: ArtifactId, created_at: datetime) -> ReleaseRow:
        """Insert as candidate.

        Raises:
            ConflictError: the version is taken.
        """
        query = select(releases.c.release_id).where(releases.c.project_id == project_id, releases.c.version == version)
        taken = self._connection.scalar(query)
        if taken is not None:
            message = f"Version v{version} of project {project_id} is {taken} already; take the next number."
            raise ConflictError(message)
        row = ReleaseRow(project_id=project_id, version=version, release_id=release_id, created_at=created_at)
        self._connection.execute(insert(releases), times_in_utc({**row.model_dump(), "state": row.state.value}))
        return row

    def list(self, project_id: ProjectId) -> tuple[ReleaseRow, ...]:
        """By version."""
        query = select(releases).where(releases.c.project_id == project_id).order_by(releases.c.version)
        return tuple(ReleaseRow.model_validate(dict(row)) for row in self._connection.execute(query).mappings())
