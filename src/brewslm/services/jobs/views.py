"""Looking at jobs: lists, what is going on now, charts, logs in parts, and what was made."""

import os
from pathlib import Path

from brewslm.core.artifacts.base import ArtifactRecord
from brewslm.core.ids import JobId
from brewslm.core.job import FINAL, Job, JobStatus
from brewslm.core.ports.reading.views import ALL_SERIES, WHOLE, JobQuery, Series, Span, Views
from brewslm.core.ports.storage import MetricRow
from brewslm.core.value import Value
from brewslm.services.jobs.queue import Jobs
from brewslm.services.ports import Ports

NUM_RECENT = 20
PART_BYTES = 1_000_000
MAX_TAIL_BYTES = 4_000_000


class ActiveJobs(Value):
    """What is going on, for the bell; steps of flows are within their flows."""

    active: tuple[Job, ...]
    recent: tuple[Job, ...]
    """What ended last, the newest first."""


class WorkerLog(Value):
    """A part of what a worker has written."""

    job_id: int
    text: str
    offset: int
    """The byte at which the part begins."""
    next_offset: int
    """The byte after it: ask with this for what follows."""
    num_bytes: int
    """The size of the whole log at that moment."""


class JobViews:
    """Reads; changes nothing."""

    def __init__(self, views: Views, jobs: Jobs, ports: Ports) -> None:
        """Bind it."""
        self._views = views
        self._jobs = jobs
        self._ports = ports

    def find(self, query: JobQuery) -> tuple[Job, ...]:
        """Jobs in the order that was asked for."""
        return self._views.find_jobs(query)

    def active(self) -> ActiveJobs:
        """What is queued or running, and what ended last."""
        going = tuple(status for status in JobStatus if status not in FINAL)
        return ActiveJobs(
            active=self.find(JobQuery(statuses=going, is_top_level=True, limit=1000)),
            recent=self.find(JobQuery(is_top_level=True, order="finished", limit=NUM_RECENT)),
        )

    def chart(
        self,
        job_id: JobId,
        *,
        kind: str = "log",
        series: tuple[Series, ...] = ALL_SERIES,
        max_points: int,
        span: Span = WHOLE,
    ) -> tuple[MetricRow, ...]:
        """Progress rows for a chart: no more than `max_points`, and no spike of these series is lost.

        Raises:
            NotFoundError: there is no such job.
        """
        self._jobs.get(job_id)
        return self._views.thinned(job_id, kind=kind, series=series or ALL_SERIES, max_points=max_points, span=span)

    def artifacts(self, job_id: JobId) -> tuple[ArtifactRecord, ...]:
        """What a job and its steps made, oldest first.

        Raises:
            NotFoundError: there is no such job.
        """
        job = self._jobs.get(job_id)
        family = (job, *self._jobs.list(parent_id=job_id))
        made_by, made = {one.id for one in family}, {one.artifact_id for one in family}
        with self._ports.storage.read() as transaction:
            records = transaction.artifacts.list(project_id=job.project_id)
        return tuple(record for record in records if record.job_id in made_by or record.id in made)

    def log_part(self, job_id: JobId, *, offset: int) -> WorkerLog:
        """Read a worker's log from a byte on, at most a megabyte of it, in whole lines where more follows.

        Raises:
            NotFoundError: the job has no log.
        """
        path = self._jobs.worker_log_path(job_id)
        num_bytes, data = _read(path, offset, PART_BYTES)
        if offset + len(data) < num_bytes and b"\n" in data:
            data = data[: data.rfind(b"\n") + 1]
        return _part(job_id, data, offset, num_bytes)

    def log_tail(self, job_id: JobId, *, num_lines: int) -> WorkerLog:
        """Read the last lines of a worker's log, at most four megabytes.

        Raises:
            NotFoundError: the job has no log.
        """
        path = self._jobs.worker_log_path(job_id)
        start = max(path.stat().st_size - MAX_TAIL_BYTES, 0)
        num_bytes, data = _read(path, start, MAX_TAIL_BYTES)
        tail = b"".join(data.splitlines(keepends=True)[-num_lines:])
        return _part(job_id, tail, start + len(data) - len(tail), num_bytes)


def _read(path: Path, offset: int, limit: int) -> tuple[int, bytes]:
    with path.open("rb") as stream:
        num_bytes = os.fstat(stream.fileno()).st_size
        stream.seek(offset)
        return num_bytes, stream.read(limit)


def _part(job_id: JobId, data: bytes, offset: int, num_bytes: int) -> WorkerLog:
    text = data.decode(errors="replace")
    return WorkerLog(
        job_id=job_id, text=text, offset=offset, next_offset=offset + len(data), num_bytes=max(num_bytes, offset)
    )
