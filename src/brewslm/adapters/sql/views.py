"""Pages of jobs, and charts of a million rows, computed inside the database: the interpreter sees what is shown."""

import json
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    and_,
    bindparam,
    func,
    null,
    or_,
    select,
    union_all,
)

from brewslm.adapters.sql.rows.jobs import job_of_row
from brewslm.adapters.sql.schema import jobs, metrics, projects
from brewslm.adapters.sql.storage import SqlStorage
from brewslm.core.ids import JobId
from brewslm.core.job import Job
from brewslm.core.ports.reading.views import WHOLE, JobQuery, Series, Span
from brewslm.core.ports.storage import MetricRow

_AT_ONCE = 500
_SEARCHED = (
    jobs.c.run_id,
    jobs.c.kind,
    jobs.c.phase,
    jobs.c.message,
    jobs.c.error,
    jobs.c.reason,
)
_ROW = tuple(metrics.c[name] for name in MetricRow.model_fields)


class SqlViews:
    """Implements `core.ports.reading.views.Views`."""

    def __init__(self, storage: SqlStorage) -> None:
        self._storage = storage

    def find_jobs(self, query: JobQuery) -> tuple[Job, ...]:
        """Jobs in the order that was asked for; a page costs the same wherever it lies."""
        asked = _ordered(select(jobs).where(*_conditions(query)).limit(query.limit), query)
        with self._storage.reading() as connection:
            return tuple(job_of_row(row) for row in connection.execute(asked).mappings())

    def thinned(
        self, job_id: JobId, *, kind: str, series: tuple[Series, ...], max_points: int, span: Span = WHOLE
    ) -> tuple[MetricRow, ...]:
        """Rows with the extremes of each stretch, chosen along an index that holds every series."""
        own = and_(metrics.c.job_id == job_id, metrics.c.kind == kind, metrics.c.seq > span.after_seq)
        if span.until_seq is not None:
            own = and_(own, metrics.c.seq <= span.until_seq)
        with self._storage.reading() as connection:
            bounds = select(func.min(metrics.c.seq), func.max(metrics.c.seq), func.count()).where(own)
            first, last, num_rows = connection.execute(bounds).one()
            if num_rows <= max_points:
                return _rows(connection, select(*_ROW).where(own).order_by(metrics.c.seq))
            num_stretches = max(1, (max_points - 2) // (2 * len(series) + 1))
            choose = _choose_at_once if connection.dialect.name == "postgresql" else _choose_by_stretch
            chosen = choose(connection, own, series, _Stretches(first, last, num_stretches))
            numbers = sorted({first, last, *chosen} - {None})
            found: list[MetricRow] = []
            for start in range(0, len(numbers), _AT_ONCE):
                some = metrics.c.seq.in_(numbers[start : start + _AT_ONCE])
                found += _rows(connection, select(*_ROW).where(own, some).order_by(metrics.c.seq))
            return tuple(found)


def _conditions(query: JobQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.project_id is not None:
        found.append(jobs.c.project_id == query.project_id)
    if query.statuses:
        found.append(jobs.c.status.in_([status.value for status in query.statuses]))
    if query.kinds:
        found.append(jobs.c.kind.in_(query.kinds))
    if query.parent_id is not None:
        found.append(jobs.c.parent_id == query.parent_id)
    if query.is_top_level:
        found.append(jobs.c.parent_id.is_(None))
    if query.text:
        named = select(projects.c.id).where(projects.c.name.icontains(query.text, autoescape=True))
        texts = [column.icontains(query.text, autoescape=True) for column in _SEARCHED]
        found.append(or_(*texts, jobs.c.project_id.in_(named)))
    return found


def _ordered(asked: Select[Any], query: JobQuery) -> Select[Any]:
    here = query.before_id
    if query.order == "oldest":
        return (asked if here is None else asked.where(jobs.c.id > here)).order_by(jobs.c.id)
    if query.order == "newest":
        return (asked if here is None else asked.where(jobs.c.id < here)).order_by(jobs.c.id.desc())
    asked = asked.where(jobs.c.finished_at.is_not(None)).order_by(jobs.c.finished_at.desc(), jobs.c.id.desc())
    if here is None:
        return asked
    ended_at = select(jobs.c.finished_at).where(jobs.c.id == here).scalar_subquery()
    return asked.where(jobs.c.finished_at <= ended_at, or_(jobs.c.finished_at < ended_at, jobs.c.id < here))


class _Stretches(NamedTuple):
    """How a chart is divided."""

    first: int
    last: int
    number: int


def _choose_at_once(
    connection: Connection, own: ColumnElement[bool], series: tuple[Series, ...], parts: _Stretches
) -> set[int | None]:
    """The rows that hold the extremes of each stretch, by two walks: what they are, and which rows have them."""
    stretch = (metrics.c.seq - parts.first) * parts.number // (parts.last + 1 - parts.first)
    known = [(metrics.c[name], extreme) for name in series for extreme in (func.min, func.max)]
    found = (
        select(
            stretch.label("stretch"),
            *(extreme(column).label(f"x{place}") for place, (column, extreme) in enumerate(known)),
        )
        .where(own)
        .group_by("stretch")
        .subquery()
    )
    rows = [func.min(metrics.c.seq).filter(column == found.c[f"x{place}"]) for place, (column, _) in enumerate(known)]
    asked = (
        select(func.min(metrics.c.seq).filter(metrics.c.is_non_finite), *rows)
        .join_from(metrics, found, found.c.stretch == stretch)
        .where(own)
        .group_by(found.c.stretch)
    )
    return {number for row in connection.execute(asked) for number in row}


def _choose_by_stretch(
    connection: Connection, own: ColumnElement[bool], series: tuple[Series, ...], parts: _Stretches
) -> set[int | None]:
    """The same rows, a stretch at a time."""
    asked = _extremes(and_(own, metrics.c.seq.between(bindparam("begin"), bindparam("end"))), series)
    length = parts.last + 1 - parts.first
    bounds = [parts.first + length * number // parts.number for number in range(parts.number + 1)]
    kept: set[int | None] = set()
    for begin, after in pairwise(bounds):
        kept.update(connection.execute(asked, {"begin": begin, "end": after - 1}).scalars())
    return kept


def _extremes(own: ColumnElement[bool], series: tuple[Series, ...]) -> CompoundSelect[Any]:
    """One question for the rows of a stretch. SQLite gives with min() and max() the row that holds it.

    A stretch at a time, because grouping by stretches would sort all rows for every extreme.
    """
    queries = [select(func.min(metrics.c.seq), null()).where(own, metrics.c.is_non_finite)]
    for name in series:
        column = metrics.c[name]
        known = and_(own, column.is_not(None))
        queries += [select(metrics.c.seq, extreme(column)).where(known) for extreme in (func.min, func.max)]
    return union_all(*queries)


def _rows(connection: Connection, query: Select[Any]) -> tuple[MetricRow, ...]:
    found = connection.execute(query).mappings()
    return tuple(MetricRow.model_validate({**row, "body": json.loads(row["body"])}) for row in found)
