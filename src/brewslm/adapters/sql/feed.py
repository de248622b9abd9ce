"""The feed. A page is a handful of walks along an index, each with a limit."""

import threading
from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from brewslm.adapters.sql.schema import jobs, metrics, run_events
from brewslm.adapters.sql.storage import SqlStorage
from brewslm.core.job import JobStatus
from brewslm.core.ports.reading.feed import Cursor, FeedPage, JobState, Scope, StoredEvent, StoredMetric

_NEWEST = select(select(func.max(run_events.c.seq)).scalar_subquery(), select(func.max(metrics.c.id)).scalar_subquery())
_EVENTS = select(
    run_events.c.seq,
    run_events.c.project_id,
    jobs.c.id,
    jobs.c.parent_id,
    jobs.c.status,
    *(run_events.c[name] for name in StoredEvent._fields[5:]),
).outerjoin_from(run_events, jobs, jobs.c.run_id == run_events.c.run_id)
_METRICS = select(
    metrics.c.id, jobs.c.project_id, metrics.c.job_id, jobs.c.parent_id, metrics.c.kind, metrics.c.body
).join_from(metrics, jobs, jobs.c.id == metrics.c.job_id)
_STATES = select(*(jobs.c[name] for name in JobState._fields))


class SqlFeed:
    """Implements `core.ports.reading.feed.Feed`."""

    def __init__(self, storage: SqlStorage) -> None:
        self._storage = storage
        self._seen: object = None
        self._lock = threading.Lock()

    def page(self, scope: Scope, *, after: Cursor, limit: int) -> FeedPage:
        """At most `limit` RunEvents and as many progress rows after the cursor, each by number."""
        with self._storage.reading() as connection:
            newest = connection.execute(_NEWEST).one()
            states = _states(connection, scope)
            family = states if scope.job_id is not None else None
            return FeedPage(
                events=_events(connection, scope, family, after.event, limit),
                metrics=_metrics(connection, scope, family, after.metric, limit),
                newest=Cursor(newest[0] or 0, newest[1] or 0),
                states=states,
            )

    def has_changed(self) -> bool:
        """Whether somebody has committed since this was asked last."""
        with self._lock:
            newest = self._storage.stamp()
            is_new, self._seen = newest != self._seen, newest
        return is_new


def _states(connection: Connection, scope: Scope) -> list[JobState]:
    if scope.job_id is not None:
        query = _STATES.where(or_(jobs.c.id == scope.job_id, jobs.c.parent_id == scope.job_id)).order_by(jobs.c.id)
    else:
        query = _STATES.where(jobs.c.status == JobStatus.RUNNING.value)
        query = query if scope.project_id is None else query.where(jobs.c.project_id == scope.project_id)
    return [JobState._make(row) for row in connection.execute(query).all()]


def _events(
    connection: Connection, scope: Scope, family: list[JobState] | None, after: int, limit: int
) -> list[StoredEvent]:
    query = _EVENTS.where(run_events.c.seq > after).order_by(run_events.c.seq).limit(limit)
    if scope.project_id is not None:
        query = query.where(run_events.c.project_id == scope.project_id)
    if family is None:
        return [StoredEvent._make(row) for row in connection.execute(query).all()]
    # One walk for each run: asked for all at once, SQLite would sort everything for every page.
    runs = connection.execute(select(jobs.c.run_id).where(jobs.c.id.in_([state.id for state in family])))
    found = _rows(connection, [query.where(run_events.c.run_id == run_id) for run_id in runs.scalars()])
    return [StoredEvent._make(row) for row in found[:limit]]


def _metrics(
    connection: Connection, scope: Scope, family: list[JobState] | None, after: int, limit: int
) -> list[StoredMetric]:
    query = _METRICS.where(metrics.c.id > after).order_by(metrics.c.id).limit(limit)
    if scope.project_id is not None:
        # Without the addition SQLite would begin at the project's jobs, and sort all of their rows for every page.
        query = query.where(jobs.c.project_id + 0 == scope.project_id)
    if family is None:
        return [StoredMetric._make(row) for row in connection.execute(query).all()]
    found = _rows(connection, [query.where(metrics.c.job_id == state.id) for state in family])
    return [StoredMetric._make(row) for row in found[:limit]]


def _rows(connection: Connection, queries: Iterable[Select[Any]]) -> list[Any]:
    """The rows of several walks, by their first column."""
    return sorted((row for query in queries for row in connection.execute(query).all()), key=itemgetter(0))
