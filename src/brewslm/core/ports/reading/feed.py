"""The feed: what the ledger has come to hold, in the order in which it was committed, for readers that follow it."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from brewslm.core.errors import InvalidRequestError


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a reader is: the last RunEvent and the last progress row that it has, each by its number."""

    event: int = 0
    metric: int = 0

    def __str__(self) -> str:
        """Spell it as it travels."""
        return f"{self.event}-{self.metric}"

    def covers(self, other: "Cursor") -> bool:
        """Whether a reader at this place has everything that one at the other has."""
        return self.event >= other.event and self.metric >= other.metric


def parse_cursor(text: str) -> Cursor:
    """Read a cursor as it travels: `812-10455`, or `812` for the RunEvents alone.

    Raises:
        InvalidRequestError: it is none.
    """
    event, _, metric = text.partition("-")
    parts = [event, metric or "0"]
    if not all(part.isascii() and part.isdecimal() and len(part) <= 18 for part in parts):
        message = f"{text!r} is no place in a stream; use the `id` of a frame, such as 812-10455, or leave it out"
        raise InvalidRequestError(message)
    return Cursor(int(event), int(parts[1]))


@dataclass(frozen=True, slots=True)
class Scope:
    """What a reader wants to see: everything, or one project, or one job with its steps."""

    project_id: int | None = None
    job_id: int | None = None


class StoredEvent(NamedTuple):
    """A RunEvent as it lies there; `payload` is JSON text."""

    seq: int
    project_id: int | None
    job_id: int | None
    parent_job_id: int | None
    job_status: str | None
    """That of now; None where the event is of no job."""
    run_id: str
    parent_run_id: str | None
    stage: str
    severity: str
    reason: str
    actor: str
    summary: str
    payload: str
    occurred_at: datetime


class StoredMetric(NamedTuple):
    """A progress row as it lies there; `body` is JSON text."""

    id: int
    project_id: int
    job_id: int
    parent_job_id: int | None
    kind: str
    body: str


class JobState(NamedTuple):
    """How far a job is, which is a state and no event."""

    id: int
    project_id: int
    parent_id: int | None
    status: str
    phase: str
    fraction: float
    message: str
    attempt: int
    version: int


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Rows of one scope after a cursor, with one consistent view."""

    events: list[StoredEvent]
    metrics: list[StoredMetric]
    newest: Cursor
    """The end of the whole ledger."""
    states: list[JobState]
    """Of a job that was asked for, it and its steps; else of all that are running."""


class Feed(Protocol):
    """Reads the ledger for followers."""

    def page(self, scope: Scope, *, after: Cursor, limit: int) -> FeedPage:
        """At most `limit` RunEvents and as many progress rows after the cursor, each by number."""

    def has_changed(self) -> bool:
        """Whether somebody has committed since this was asked last; costs microseconds."""
