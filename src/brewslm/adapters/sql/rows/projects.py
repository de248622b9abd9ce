"""Projects."""

from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from brewslm.adapters.sql.schema import projects, times_in_utc
from brewslm.core.errors import ConflictError, NotFoundError
from brewslm.core.ids import ProjectId
from brewslm.core.project import Project


class SqlProjectRows:
    """Implements `core.ports.storage.ProjectRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, *, name: str, template: str, base_model: str, seed: int, created_at: datetime) -> Project:
        """Insert with the next id.

        Raises:
            ConflictError: the name is taken.
        """
        taken = self._connection.scalar(select(projects.c.id).where(projects.c.name == name))
        if taken is not None:
            message = f"The name {name!r} is taken by project {taken}; choose another name."
            raise ConflictError(message)
        newest = self._connection.scalar(select(func.max(projects.c.id))) or 0
        project = Project.model_validate(
            {
                "id": newest + 1,
                "name": name,
                "template": template,
                "base_model": base_model,
                "seed": seed,
                "created_at": created_at,
            }
        )
        self._connection.execute(insert(projects), times_in_utc(project.model_dump()))
        return project

    def get(self, project_id: ProjectId) -> Project:
        """Return it.

        Raises:
            NotFoundError: there is none.
        """
        row = self._connection.execute(select(projects).where(projects.c.id == project_id)).mappings().one_or_none()
        if row is None:
            message = f"There is no project {project_id}; `brewslm project list` shows those that there are."
            raise NotFoundError(message)
        return Project.model_validate(dict(row))

    def list(self) -> tuple[Project, ...]:
        """All, by id."""
        rows = self._connection.execute(select(projects).order_by(projects.c.id)).mappings()
        return tuple(Project.model_validate(dict(row)) for row in rows)

    def set_base_model(self, project_id: ProjectId, base_model: str) -> None:
        """Change the base model that later stages use.

        Raises:
            NotFoundError: there is no such project.
        """
        self.get(project_id)
        self._connection.execute(update(projects).where(projects.c.id == project_id).values(base_model=base_model))
