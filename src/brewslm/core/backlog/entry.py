"""An entry of the backlog: what is wrong, how much would be won, and what to do about it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

from brewslm.core.ids import JobId, ProjectId
from brewslm.core.value import Value

BacklogKind = Literal["gate", "slice", "rows", "rejections", "drift", "health"]


class BacklogState(StrEnum):
    """Where an entry stands."""

    OPEN = "open"
    TAKEN = "taken"
    """Somebody has made data or a change of the recipe of it."""
    CLOSED = "closed"
    """A later run does not have it, beyond noise; or somebody said so."""


BACKLOG_TRANSITIONS: Mapping[BacklogState, frozenset[BacklogState]] = {
    BacklogState.OPEN: frozenset({BacklogState.TAKEN, BacklogState.CLOSED}),
    BacklogState.TAKEN: frozenset({BacklogState.OPEN, BacklogState.CLOSED}),
    BacklogState.CLOSED: frozenset({BacklogState.OPEN}),
}


class Evidence(Value):
    """Where to look."""

    kind: Literal["artifact", "event", "job"]
    id: str
    said: str
    """What is to be seen there."""


class RowsToReview(Value):
    """Failing rows that a review list can be made of."""

    task: str
    slice: str | None


class BacklogFinding(Value):
    """Something that a look at the newest run has found."""

    key: str
    """The same for the same trouble in every run."""
    kind: BacklogKind
    title: str
    seen: str
    """What was found, with its numbers."""
    effect: str
    """What mending it would be worth."""
    share: float | None = None
    """The same as a share of the rows, 0 to 1; None where nothing says how much."""
    is_measured: bool
    """Whether `effect` was counted; else it is an estimate."""
    is_blocking: bool = False
    """Whether it stands in the way of a promotion."""
    source: str
    """What it was found in: an evaluation, a dataset, a release, a training."""
    evidence: tuple[Evidence, ...]
    action: str
    """A command that begins to mend it."""
    rows: RowsToReview | None = None
    """Where taking it up makes a review list: of which rows."""

    @property
    def rank(self) -> tuple[bool, float, str]:
        """What comes first is worth most."""
        return (not self.is_blocking, -(self.share or 0.0), self.key)


class BacklogEntry(Value):
    """A finding with its life across runs."""

    project_id: ProjectId
    number: int
    """Counts up from 1 within the project."""
    state: BacklogState = BacklogState.OPEN
    finding: BacklogFinding
    """As it was seen last."""
    opened_at: datetime
    opened_in: str
    """The source in which it was found when it was opened last; later runs are compared with that."""
    changed_at: datetime
    actor: str
    """Who changed it last; `backlog` where a run did."""
    note: str = ""
    """Why it is in this state."""
    progress: str = ""
    """How the newest run compares with `opened_in`; empty where it was not compared."""
    num_returns: int = 0
    """How often it came back after it was closed."""
    job_id: JobId | None = None
    """What made a review list of it."""


class BacklogRows(Protocol):
    """The backlog in the ledger."""

    def add(self, entry: BacklogEntry) -> BacklogEntry:
        """Insert with the project's next number, whatever number it has.

        Raises:
            ConflictError: the project has an entry with this key.
        """

    def list(self, project_id: ProjectId) -> tuple[BacklogEntry, ...]:
        """By number."""

    def get(self, project_id: ProjectId, number: int) -> BacklogEntry:
        """Return it.

        Raises:
            NotFoundError: the project has none of that number.
        """

    def put(self, entry: BacklogEntry) -> BacklogEntry:
        """Write it over the one of its number.

        Raises:
            NotFoundError: the project has none of that number.
            ValueError: the change of state is not in `BACKLOG_TRANSITIONS`.
        """


class BacklogChanged(Value):
    """An entry of the backlog was opened, taken up, closed, or opened again."""

    number: int
    key: str
    state: BacklogState
    title: str
    why: str
    evidence: tuple[str, ...]
    """Ids of artifacts, jobs, and numbers of events."""
