"""The backlog of the in-memory ledger."""

from brewslm.core.backlog.entry import BACKLOG_TRANSITIONS, BacklogEntry
from brewslm.core.errors import ConflictError, NotFoundError
from brewslm.core.ids import ProjectId
from tests.fakes.rows import MemoryProjectRows, State


class MemoryBacklogRows:
    """Implements `BacklogRows`."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, entry: BacklogEntry) -> BacklogEntry:
        MemoryProjectRows(self._state).get(entry.project_id)
        own = self.list(entry.project_id)
        if any(one.finding.key == entry.finding.key for one in own):
            raise ConflictError(f"{entry.finding.key!r} is there already")
        new = entry.model_copy(update={"number": len(own) + 1})
        self._state.backlog[new.project_id, new.number] = new
        return new

    def list(self, project_id: ProjectId) -> tuple[BacklogEntry, ...]:
        return tuple(entry for (owner, _), entry in self._state.backlog.items() if owner == project_id)

    def get(self, project_id: ProjectId, number: int) -> BacklogEntry:
        if (project_id, number) not in self._state.backlog:
            raise NotFoundError(f"The backlog of project {project_id} has no entry {number}.")
        return self._state.backlog[project_id, number]

    def put(self, entry: BacklogEntry) -> BacklogEntry:
        known = self.get(entry.project_id, entry.number)
        if entry.state is not known.state and entry.state not in BACKLOG_TRANSITIONS[known.state]:
            raise ValueError(f"an entry that is {known.state} cannot become {entry.state}")
        self._state.backlog[entry.project_id, entry.number] = entry
        return entry
