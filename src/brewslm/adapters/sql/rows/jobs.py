"""Jobs, and the compare-and-set by which they change."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from brewslm.adapters.sql.schema import jobs, times_in_utc
from brewslm.core.errors import ConflictError, NotFoundError
from brewslm.core.ids import JobId, ProjectId, RunId
from brewslm.core.job import TRANSITIONS, Job, JobStatus
from brewslm.core.value import canonical_json

_FIXED = frozenset({"id", "project_id", "kind", "run_id", "version", "created_at"})


class SqlJobRows:
    """Implements `core.ports.storage.JobRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(  # noqa: PLR0913 - the columns that a caller chooses
        self,
        *,
        project_id: ProjectId,
        kind: str,
        payload: dict[str, Any],
        created_at: datetime,
        parent_id: JobId | None = None,
        idempotency_key: str | None = None,
        priority: int = 0,
        retry_of: JobId | None = None,
    ) -> Job:
        """Insert as queued; where `(project_id, idempotency_key)` is known already, return that job unchanged.

        Raises:
            ConflictError: the key is known with another kind or payload.
        """
        if idempotency_key is not None:
            known = self._by_key(project_id, idempotency_key)
            if known is not None:
                return _unless_other(known, kind, payload)
        job_id = (self._connection.scalar(select(func.max(jobs.c.id))) or 0) + 1
        job = Job.model_validate(
            {
                "id": job_id,
                "project_id": project_id,
                "kind": kind,
                "run_id": f"{kind.replace('_', '-')}-{job_id}",
                "parent_id": parent_id,
                "idempotency_key": idempotency_key,
                "payload": json.loads(canonical_json(payload)),
                "created_at": created_at,
                "priority": priority,
                "retry_of": retry_of,
            }
        )
        self._connection.execute(insert(jobs), _to_row(job))
        return job

    def get(self, job_id: JobId) -> Job:
        """Return it.

        Raises:
            NotFoundError: there is none.
        """
        row = self._connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().one_or_none()
        if row is None:
            message = f"There is no job {job_id}; `brewslm jobs list` shows those that there are."
            raise NotFoundError(message)
        return job_of_row(row)

    def list(
        self,
        *,
        project_id: ProjectId | None = None,
        statuses: Sequence[JobStatus] = (),
        parent_id: JobId | None = None,
        retry_of: JobId | None = None,
        before_id: JobId | None = None,
        limit: int = 100,
    ) -> tuple[Job, ...]:
        """Newest first; `before_id` pages by key; empty `statuses` means all."""
        query = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
        if project_id is not None:
            query = query.where(jobs.c.project_id == project_id)
        if statuses:
            query = query.where(jobs.c.status.in_([str(status) for status in statuses]))
        if parent_id is not None:
            query = query.where(jobs.c.parent_id == parent_id)
        if retry_of is not None:
            query = query.where(jobs.c.retry_of == retry_of)
        if before_id is not None:
            query = query.where(jobs.c.id < before_id)
        return tuple(job_of_row(row) for row in self._connection.execute(query).mappings())

    def of_run(self, run_id: RunId) -> Job | None:
        """Return the job of a run; None where the run is no job's."""
        row = self._connection.execute(select(jobs).where(jobs.c.run_id == run_id)).mappings().one_or_none()
        return None if row is None else job_of_row(row)

    def change(self, job: Job, **changes: Any) -> Job | None:  # noqa: ANN401 - fields of Job
        """Write `changes` if the stored version is `job.version`; return the new job, or None where it is not.

        Raises:
            ValueError: the status change is not in `TRANSITIONS`, the job is final, or a field cannot be changed.
        """
        new = changed(job, changes)
        row = _to_row(new)
        query = (
            update(jobs)
            .where(jobs.c.id == job.id, jobs.c.version == job.version, jobs.c.status == job.status.value)
            .values({name: row[name] for name in (*changes, "version")})
            .returning(jobs)
        )
        stored = self._connection.execute(query).mappings().one_or_none()
        return None if stored is None else job_of_row(stored)

    def _by_key(self, project_id: ProjectId, key: str) -> Job | None:
        query = select(jobs).where(jobs.c.project_id == project_id, jobs.c.idempotency_key == key)
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else job_of_row(row)


def changed(job: Job, changes: Mapping[str, Any]) -> Job:
    """Return the job after `changes`, one version later.

    Raises:
        ValueError: the status change is not in `TRANSITIONS`, the job is final, or a field cannot be changed.
    """
    if job.status.is_final:
        message = f"job {job.id} is {job.status}; nothing can follow"
        raise ValueError(message)
    fixed = _FIXED.intersection(changes)
    if fixed:
        message = f"{sorted(fixed)} of a job cannot be changed"
        raise ValueError(message)
    new = Job.model_validate({**job.model_dump(), **changes, "version": job.version + 1})
    if new.status != job.status and new.status not in TRANSITIONS[job.status]:
        message = f"job {job.id} is {job.status}; it cannot become {new.status}"
        raise ValueError(message)
    return new


def _unless_other(known: Job, kind: str, payload: dict[str, Any]) -> Job:
    if known.kind != kind or canonical_json(known.payload) != canonical_json(payload):
        message = (
            f"The idempotency key {known.idempotency_key!r} belongs to job {known.id} ({known.kind}) with another "
            "request; use a new key for a new request."
        )
        raise ConflictError(message)
    return known


def _to_row(job: Job) -> dict[str, Any]:
    row = times_in_utc(job.model_dump())
    return {
        **row,
        "status": job.status.value,
        "reason": None if job.reason is None else job.reason.value,
        "payload": canonical_json(job.payload),
        "question": None if job.question is None else job.question.model_dump_json(),
    }


def job_of_row(row: Mapping[Any, Any]) -> Job:
    """Read a row as the job that it is."""
    question = None if row["question"] is None else json.loads(row["question"])
    return Job.model_validate({**row, "payload": json.loads(row["payload"]), "question": question})
