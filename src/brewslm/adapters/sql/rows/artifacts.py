"""The artifact ledger."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, func, insert, select, update

from brewslm.adapters.sql.schema import artifact_parents, artifacts, times_in_utc
from brewslm.core.artifacts.base import ArtifactKind, ArtifactRecord
from brewslm.core.errors import ArtifactDamagedError, ConflictError, NotFoundError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.value import canonical_json

_COLUMNS = [column for column in artifacts.c if column.name not in {"added_seq", "shelf_seq"}]


class SqlArtifactRows:
    """Implements `core.ports.storage.ArtifactRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, record: ArtifactRecord) -> ArtifactRecord:
        """Insert; an equal id in the same project is kept as it was, put on top of the shelf, and returned.

        Raises:
            ConflictError: the id is known with another content.
        """
        known = self._find(record.project_id, record.id)
        place = (self._connection.scalar(select(func.max(artifacts.c.shelf_seq))) or 0) + 1
        if known is not None:
            if known.content_hash != record.content_hash:
                message = f"Artifact {record.id} of project {record.project_id} exists with another content."
                raise ConflictError(message)
            self._connection.execute(
                update(artifacts)
                .where(artifacts.c.project_id == record.project_id, artifacts.c.id == record.id)
                .values(shelf_seq=place)
            )
            return known
        row = times_in_utc(record.model_dump(exclude={"parents"}))
        row |= {"body": canonical_json(record.body), "added_seq": place, "shelf_seq": place}
        self._connection.execute(insert(artifacts), row)
        links = [
            {"project_id": record.project_id, "artifact_id": record.id, "position": position, "parent_id": parent_id}
            for position, parent_id in enumerate(record.parents)
        ]
        if links:
            self._connection.execute(insert(artifact_parents), links)
        return self.get(record.project_id, record.id)

    def get(self, project_id: ProjectId, artifact_id: ArtifactId) -> ArtifactRecord:
        """Return it.

        Raises:
            NotFoundError: the project has none of that id.
        """
        found = self._find(project_id, artifact_id)
        if found is None:
            message = (
                f"Project {project_id} has no artifact {artifact_id!r}; "
                f"`brewslm artifacts list --project {project_id}` shows those that it has."
            )
            raise NotFoundError(message)
        return found

    def list(
        self, *, project_id: ProjectId | None = None, kind: ArtifactKind | None = None
    ) -> tuple[ArtifactRecord, ...]:
        """Oldest first."""
        query = select(*_COLUMNS).order_by(artifacts.c.added_seq)
        if project_id is not None:
            query = query.where(artifacts.c.project_id == project_id)
        if kind is not None:
            query = query.where(artifacts.c.kind == kind)
        return self._records(self._connection.execute(query).mappings())

    def latest(self, project_id: ProjectId, kind: ArtifactKind) -> ArtifactRecord | None:
        """The one that was put on the shelf last; putting an equal one again makes it the latest."""
        query = (
            select(*_COLUMNS)
            .where(artifacts.c.project_id == project_id, artifacts.c.kind == kind)
            .order_by(artifacts.c.shelf_seq.desc())
            .limit(1)
        )
        return next(iter(self._records(self._connection.execute(query).mappings())), None)

    def _find(self, project_id: ProjectId, artifact_id: ArtifactId) -> ArtifactRecord | None:
        query = select(*_COLUMNS).where(artifacts.c.project_id == project_id, artifacts.c.id == artifact_id)
        return next(iter(self._records(self._connection.execute(query).mappings())), None)

    def _records(self, rows: Iterable[Mapping[Any, Any]]) -> tuple[ArtifactRecord, ...]:
        return tuple(self._record(row) for row in rows)

    def _record(self, row: Mapping[Any, Any]) -> ArtifactRecord:
        parents = self._parents(row["project_id"], row["id"])
        try:
            return ArtifactRecord.model_validate({**row, "body": _body_of(row["body"]), "parents": parents})
        except ValidationError as error:
            message = f"The row of artifact {row['id']!r} of project {row['project_id']} was changed by force."
            raise ArtifactDamagedError(message) from error

    def _parents(self, project_id: ProjectId, artifact_id: ArtifactId) -> tuple[ArtifactId, ...]:
        query = (
            select(artifact_parents.c.parent_id)
            .where(artifact_parents.c.project_id == project_id, artifact_parents.c.artifact_id == artifact_id)
            .order_by(artifact_parents.c.position)
        )
        return tuple(self._connection.scalars(query))


def _body_of(text: Any) -> dict[str, Any]:  # noqa: ANN401 - a damaged row may hold anything
    """Read a body. What is not spelled as it was written reads as empty: its hash then tells, and the audit goes on."""
    try:
        body = json.loads(text)
        is_as_written = isinstance(body, dict) and canonical_json(body) == text
    except (TypeError, ValueError):
        return {}
    return body if is_as_written else {}
