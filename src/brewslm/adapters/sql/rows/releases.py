"""Releases, numbered per project, and the keys of endpoints."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from brewslm.adapters.sql.schema import endpoint_keys, releases, times_in_utc
from brewslm.core.errors import ConflictError, NotFoundError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.release import RELEASE_TRANSITIONS, EndpointKey, ReleaseRow


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
        self._connection.execute(insert(releases), _plain(row.model_dump()))
        return row

    def list(self, project_id: ProjectId | None = None) -> tuple[ReleaseRow, ...]:
        """By version; of all projects one after the other where none is named."""
        query = select(releases).order_by(releases.c.project_id, releases.c.version)
        if project_id is not None:
            query = query.where(releases.c.project_id == project_id)
        return tuple(ReleaseRow.model_validate(dict(row)) for row in self._connection.execute(query).mappings())

    def change(self, row: ReleaseRow, **changes: Any) -> ReleaseRow | None:  # noqa: ANN401 - fields of ReleaseRow
        """Write `changes` if the stored state is `row.state`; None where it is not.

        Raises:
            ValueError: the change of state is not in `RELEASE_TRANSITIONS`.
        """
        new = ReleaseRow.model_validate({**row.model_dump(), **changes})
        if new.state != row.state and new.state not in RELEASE_TRANSITIONS[row.state]:
            message = f"release v{row.version} is {row.state}; it cannot become {new.state}"
            raise ValueError(message)
        query = (
            update(releases)
            .where(releases.c.project_id == row.project_id, releases.c.version == row.version)
            .where(releases.c.state == row.state.value)
            .values(_plain(new.model_dump(include=set(changes))))
        )
        return new if self._connection.execute(query).rowcount else None


class SqlKeyRows:
    """Implements `core.ports.storage.KeyRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, key: EndpointKey) -> EndpointKey:
        """Insert with the next id."""
        number = self._connection.scalar(select(func.coalesce(func.max(endpoint_keys.c.id), 0))) or 0
        new = key.model_copy(update={"id": number + 1})
        self._connection.execute(insert(endpoint_keys), times_in_utc(new.model_dump()))
        return new

    def list(self, project_id: ProjectId | None = None) -> tuple[EndpointKey, ...]:
        """By id."""
        query = select(endpoint_keys).order_by(endpoint_keys.c.id)
        if project_id is not None:
            query = query.where(endpoint_keys.c.project_id == project_id)
        return tuple(EndpointKey.model_validate(dict(row)) for row in self._connection.execute(query).mappings())

    def revoke(self, project_id: ProjectId, key_id: int, *, revoked_at: datetime) -> EndpointKey:
        """Let it open nothing any more; one that was revoked stays as it was.

        Raises:
            NotFoundError: the project has none of that id.
        """
        known = next((key for key in self.list(project_id) if key.id == key_id), None)
        if known is None:
            raise NotFoundError(f"Project {project_id} has no key {key_id}; `brewslm keys list` shows them.")
        if known.revoked_at is not None:
            return known
        values = times_in_utc({"revoked_at": revoked_at})
        self._connection.execute(update(endpoint_keys).where(endpoint_keys.c.id == key_id).values(values))
        return known.model_copy(update=values)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return times_in_utc({name: value.value if name == "state" else value for name, value in row.items()})
