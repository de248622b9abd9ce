"""Questions about jobs that only readers ask: many at once, searched, sorted, thinned out."""

from typing import Literal, NamedTuple, Protocol

from brewslm.core.ids import JobId, ProjectId
from brewslm.core.job import Job, JobKind, JobStatus
from brewslm.core.ports.storage import MetricRow
from brewslm.core.value import Value

JobOrder = Literal["newest", "oldest", "finished"]
Series = Literal["loss", "delta", "learning_rate", "grad_norm"]
ALL_SERIES: tuple[Series, ...] = ("loss", "delta", "learning_rate", "grad_norm")


class Span(NamedTuple):
    """A part of a journal, by sequence numbers."""

    after_seq: int = 0
    """Only rows after this one,"""
    until_seq: int | None = None
    """and up to this one; None is the newest."""


WHOLE = Span()


class JobQuery(Value):
    """Which jobs; what is empty or None does not restrict."""

    project_id: ProjectId | None = None
    statuses: tuple[JobStatus, ...] = ()
    kinds: tuple[JobKind, ...] = ()
    parent_id: JobId | None = None
    is_top_level: bool = False
    """Whether the steps of flows are left out."""
    text: str = ""
    """Part of a run id, kind, phase, message, error, reason or project name, in any case of letters."""
    order: JobOrder = "newest"
    """`finished` lists what has ended, the last first."""
    before_id: JobId | None = None
    """Go on after this job, in the same order."""
    limit: int = 100


class Views(Protocol):
    """Reads the ledger for pages and charts."""

    def find_jobs(self, query: JobQuery) -> tuple[Job, ...]:
        """Jobs in the order that was asked for."""

    def thinned(
        self, job_id: JobId, *, kind: str, series: tuple[Series, ...], max_points: int, span: Span = WHOLE
    ) -> tuple[MetricRow, ...]:
        """At most `max_points` progress rows of a kind: of every stretch those with the least and the largest values.

        The first and the last row are among them, and of every stretch the first in which a number was none.
        """
