"""The backlog of what next runs should mend."""

from sqlalchemy import Connection, func, insert, select, update

from brewslm.adapters.sql.schema import backlog_entries
from brewslm.core.backlog.entry import BACKLOG_TRANSITIONS, BacklogEntry
from brewslm.core.errors import ConflictError, NotFoundError
from brewslm.core.ids import ProjectId


class SqlBacklogRows:
    """Implements `core.backlog.entry.BacklogRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, entry: BacklogEntry) -> BacklogEntry:
        """Insert with the project's next number, whatever number it has."""
        is_it = (backlog_entries.c.project_id == entry.project_id) & (backlog_entries.c.key == entry.finding.key)
        if self._connection.scalar(select(backlog_entries.c.number).where(is_it)) is not None:
            raise ConflictError(f"Project {entry.project_id} has the backlog entry {entry.finding.key!r} already.")
        own = select(func.max(backlog_entries.c.number)).where(backlog_entries.c.project_id == entry.project_id)
        new = entry.model_copy(update={"number": (self._connection.scalar(own) or 0) + 1})
        row = {"project_id": new.project_id, "number": new.number, "key": new.finding.key}
        self._connection.execute(insert(backlog_entries), {**row, "body": new.model_dump_json()})
        return new

    def list(self, project_id: ProjectId) -> tuple[BacklogEntry, ...]:
        """By number."""
        query = select(backlog_entries.c.body).where(backlog_entries.c.project_id == project_id)
        found = self._connection.scalars(query.order_by(backlog_entries.c.number))
        return tuple(BacklogEntry.model_validate_json(body) for body in found)

    def get(self, project_id: ProjectId, number: int) -> BacklogEntry:
        """Return it."""
        query = select(backlog_entries.c.body).where(
            backlog_entries.c.project_id == project_id, backlog_entries.c.number == number
        )
        body = self._connection.scalar(query)
        if body is None:
            message = f"The backlog of project {project_id} has no entry {number}; "
            raise NotFoundError(f"{message}`brewslm backlog list --project {project_id} --all` shows those there are.")
        return BacklogEntry.model_validate_json(body)

    def put(self, entry: BacklogEntry) -> BacklogEntry:
        """Write it over the one of its number."""
        known = self.get(entry.project_id, entry.number)
        if entry.state is not known.state and entry.state not in BACKLOG_TRANSITIONS[known.state]:
            raise ValueError(f"an entry that is {known.state} cannot become {entry.state}")
        is_it = (backlog_entries.c.project_id == entry.project_id) & (backlog_entries.c.number == entry.number)
        self._connection.execute(update(backlog_entries).where(is_it).values(body=entry.model_dump_json()))
        return entry
