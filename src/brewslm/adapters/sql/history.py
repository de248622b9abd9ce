"""Families of runs and failures, counted inside the database."""

from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from brewslm.adapters.sql.rows.choosing import wanted
from brewslm.adapters.sql.schema import jobs, run_events
from brewslm.adapters.sql.storage import SqlStorage
from brewslm.core.events.choice import EVERY_EVENT, EventChoice
from brewslm.core.ids import JobId, RunId
from brewslm.core.job import JobStatus
from brewslm.core.ports.reading.history import Families, FamilyQuery, Member, OutcomeRow, Tally, Turn
from brewslm.core.reason import Reason

GRAVE = ("error", "critical")
_MEMBERS = select(*(jobs.c[name] for name in Member._fields))
# Grouped as an index has them, which also holds the times: no row is read, and nothing is sorted.
_TALLIES = select(
    run_events.c.run_id,
    run_events.c.severity,
    func.count(),
    func.min(run_events.c.occurred_at),
    func.max(run_events.c.occurred_at),
).group_by(run_events.c.run_id, run_events.c.reason, run_events.c.severity)
_TURNS = select(*(run_events.c[name] for name in Turn._fields)).order_by(run_events.c.seq)
_OUTCOMES = (
    select(*(run_events.c[name] for name in OutcomeRow._fields))
    .where(or_(run_events.c.severity.in_(GRAVE), run_events.c.reason == run_events.c.stage))
    .order_by(run_events.c.seq)
)


class SqlHistory:
    """Implements `core.ports.reading.history.History`."""

    def __init__(self, storage: SqlStorage) -> None:
        self._storage = storage

    def families(self, query: FamilyQuery) -> Families:
        """Jobs of a page along their key, and the events of their runs along an index."""
        with self._storage.reading() as connection:
            roots = _roots(connection, query)
            steps = _steps(connection, roots)
            runs = [job.run_id for job in (*roots, *steps)]
            trainings = [job.run_id for job in (*roots, *steps) if job.kind == "train"]
            return Families(
                roots=roots,
                steps=steps,
                tallies=_tallies(connection, [*runs, *query.others]),
                turns=_turns(connection, trainings, query),
            )

    def newest_seq(self) -> int:
        """The end of the index."""
        with self._storage.reading() as connection:
            return connection.execute(select(func.max(run_events.c.seq))).scalar_one() or 0

    def outcomes(self, *, after_seq: int, until_seq: int) -> tuple[OutcomeRow, ...]:
        """One walk over the new rows."""
        asked = _OUTCOMES.where(run_events.c.seq > after_seq, run_events.c.seq <= until_seq)
        with self._storage.reading() as connection:
            return tuple(OutcomeRow._make(row) for row in connection.execute(asked))


def _roots(connection: Connection, query: FamilyQuery) -> tuple[Member, ...]:
    asked = _MEMBERS.order_by(jobs.c.id.desc()).limit(query.limit)
    if query.job_id is not None:
        return _members(connection, asked.where(jobs.c.id == query.job_id))
    asked = asked.where(jobs.c.parent_id.is_(None))
    if query.project_id is not None:
        asked = asked.where(jobs.c.project_id == query.project_id)
    if query.before_id is not None:
        asked = asked.where(jobs.c.id < query.before_id)
    if query.choice != EVERY_EVENT:
        asked = asked.where(jobs.c.id.in_(_families_of(query.choice, connection)))
    return _members(connection, asked)


def _families_of(choice: EventChoice, connection: Connection) -> Select[Any]:
    """Every job whose run has such an event, and all jobs above it."""
    runs = select(run_events.c.run_id).where(*wanted(choice, connection))
    family = select(jobs.c.id, jobs.c.parent_id).where(jobs.c.run_id.in_(runs)).cte("family", recursive=True)
    return select(family.union(select(jobs.c.id, jobs.c.parent_id).where(jobs.c.id == family.c.parent_id)).c.id)


def _steps(connection: Connection, roots: tuple[Member, ...]) -> tuple[Member, ...]:
    """Every level below the roots."""
    found: list[Member] = []
    level: list[JobId] = [job.id for job in roots]
    while level:
        below = _members(connection, _MEMBERS.where(jobs.c.parent_id.in_(level)).order_by(jobs.c.id))
        found += below
        level = [job.id for job in below]
    return tuple(sorted(found, key=lambda job: job.id))


def _members(connection: Connection, asked: Any) -> tuple[Member, ...]:  # noqa: ANN401 - a Select of any columns
    rows = map(Member._make, connection.execute(asked).all())
    return tuple(
        row._replace(status=JobStatus(row.status), reason=None if row.reason is None else Reason(row.reason))
        for row in rows
    )


def _tallies(connection: Connection, runs: list[RunId]) -> tuple[Tally, ...]:
    if not runs:
        return ()
    return tuple(map(Tally._make, connection.execute(_TALLIES.where(run_events.c.run_id.in_(runs))).all()))


def _turns(connection: Connection, runs: list[RunId], query: FamilyQuery) -> tuple[Turn, ...]:
    if not runs or not query.turns:
        return ()
    reasons = [reason.value for reason in sorted(query.turns)]
    asked = _TURNS.where(run_events.c.run_id.in_(runs), run_events.c.reason.in_(reasons))
    return tuple(map(Turn._make, connection.execute(asked).all()))
