"""Questions about what has happened that only readers ask: families of runs with their figures, and failures."""

from datetime import datetime
from typing import NamedTuple, Protocol

from brewslm.core.events.choice import EVERY_EVENT, EventChoice
from brewslm.core.events.reasons import Reason, Severity
from brewslm.core.ids import JobId, ProjectId, RunId
from brewslm.core.job import JobKind, JobStatus
from brewslm.core.value import Value


class FamilyQuery(Value):
    """Which families: a job with all of its steps is one. What is None does not restrict."""

    project_id: ProjectId | None = None
    job_id: JobId | None = None
    """This job and its steps alone, be it itself a step or not."""
    before_id: JobId | None = None
    """Go on with the jobs before this one."""
    limit: int = 20
    others: tuple[RunId, ...] = ()
    """Runs that are no job's, such as `project-3`."""
    choice: EventChoice = EVERY_EVENT
    """Only families with an event of this choice."""
    turns: frozenset[Reason] = frozenset()
    """The reasons of the events of trainings that are wanted one by one."""


class Member(NamedTuple):
    """What of a job its family shows."""

    id: JobId
    parent_id: JobId | None
    run_id: RunId
    kind: JobKind
    status: JobStatus
    reason: Reason | None
    error: str | None
    started_at: datetime | None
    finished_at: datetime | None


class Tally(NamedTuple):
    """The events of one run, one reason and one severity."""

    run_id: RunId
    severity: Severity
    num_events: int
    first_at: datetime
    last_at: datetime


class Turn(NamedTuple):
    """An event that was wanted by itself; `payload` is JSON text."""

    seq: int
    run_id: RunId
    reason: str
    summary: str
    payload: str
    occurred_at: datetime


class Families(NamedTuple):
    """Jobs, the newest first, with their steps and what was counted of them; one consistent view."""

    roots: tuple[Member, ...]
    steps: tuple[Member, ...]
    """By id."""
    tallies: tuple[Tally, ...]
    turns: tuple[Turn, ...]
    """By number."""


class OutcomeRow(NamedTuple):
    """An event that is an error or worse, or the success of a stage; `payload` is JSON text."""

    seq: int
    project_id: ProjectId | None
    run_id: RunId
    stage: str
    severity: Severity
    reason: str
    summary: str
    payload: str
    occurred_at: datetime

    @property
    def is_success(self) -> bool:
        """Whether a stage has done its work: the reason is its bare noun."""
        return self.reason == self.stage


class History(Protocol):
    """Reads the audit spine for the timeline, and for the clusters of failures."""

    def families(self, query: FamilyQuery) -> Families:
        """Jobs with their steps, and their events counted inside the database."""

    def newest_seq(self) -> int:
        """The number of the last event; 0 where there is none."""

    def outcomes(self, *, after_seq: int, until_seq: int) -> tuple[OutcomeRow, ...]:
        """Failures, and successes of stages, after a number and up to another, by number."""
