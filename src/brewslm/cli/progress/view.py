"""What there is to see of a piece of work at one moment, as plain data read from the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from statistics import median

from brewslm.bootstrap.house import House
from brewslm.core.events.base import RunEvent
from brewslm.core.health.watch import WatchCheck
from brewslm.core.ids import JobId, ProjectId
from brewslm.core.job import Job, JobStatus
from brewslm.lifecycle import LIFECYCLE, stage_number


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the rail: a stage, or a flow's own work."""

    key: str
    number: int | None
    title: str
    status: JobStatus | None
    """None where it has not been asked for."""
    seconds: float | None
    fraction: float
    note: str
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """A training so far."""

    step: int
    total_steps: int
    loss: float | None
    """Of the newest log record; None where it was not a number."""
    base_loss: float | None
    """The untuned base on the eval split."""
    eval_loss: float | None
    delta: float | None
    """Newest measured difference to the base; below zero is better."""
    deltas: tuple[float, ...]
    tokens_per_second: float | None
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class View:
    """Everything that is drawn."""

    rows: tuple[Row, ...]
    curve: Curve | None
    warnings: tuple[str, ...]
    """Summaries of events that a person should see, such as a worker that was lost."""
    checks: tuple[WatchCheck, ...] = ()
    """The lines of the active watch over the first steps of what trains now."""


class CurveReader:
    """Reads a training's journal rows, each once."""

    def __init__(self, house: House) -> None:
        """Follow no job yet."""
        self._house = house
        self._job_id: JobId | None = None
        self._seq = 0
        self._bodies: list[dict[str, object]] = []

    def read(self, job_id: JobId) -> Curve | None:
        """Return the curve up to now; None before the first step was logged."""
        if job_id != self._job_id:
            self._job_id, self._seq, self._bodies = job_id, 0, []
        rows = self._house.jobs.metrics(job_id, after_seq=self._seq)
        if rows:
            self._seq = rows[-1].seq
            self._bodies += [row.body | {"kind": row.kind} for row in rows]
        return curve_of(self._bodies)


def curve_of(bodies: Sequence[dict[str, object]]) -> Curve | None:
    """Boil journal records down to what is drawn."""
    logs = [body for body in bodies if body["kind"] == "log"]
    evals = [body for body in bodies if body["kind"] == "eval"]
    bases = [body for body in bodies if body["kind"] == "baseline"]
    if not logs:
        return None
    last = logs[-1]
    deltas = [delta for body in bodies if (delta := _number(body, "delta")) is not None]
    step, total = int(_number(last, "step") or 0), int(_number(last, "total_steps") or 1)
    paces = [pace for body in logs[-10:] if (pace := _number(body, "step_seconds"))]
    return Curve(
        step=step,
        total_steps=total,
        loss=_number(last, "loss"),
        base_loss=_number(bases[-1], "eval_loss") if bases else None,
        eval_loss=_number(evals[-1], "eval_loss") if evals else None,
        delta=deltas[-1] if deltas else None,
        deltas=tuple(deltas),
        tokens_per_second=_number(last, "tokens_per_second"),
        seconds_left=median(paces) * max(total - step, 0) if paces else None,
    )


class Lookout:
    """Looks at jobs again and again. What has ended is read once."""

    def __init__(self, house: House) -> None:
        """Look at this house."""
        self._house = house
        self._curves = CurveReader(house)
        self._ended: dict[JobId, Row] = {}

    def at_job(self, job_id: JobId) -> View:
        """Look at one job: its steps where it is a flow, else itself."""
        job = self._house.jobs.get(job_id)
        children = sorted(self._house.jobs.list(parent_id=job_id), key=lambda child: child.id)
        jobs = [job]
        if children:
            failed_itself = job.status.is_final and job.error is not None and children[-1].error is None
            jobs = [*children, job] if failed_itself else children
        return self._view([self._row(one) for one in jobs], jobs)

    def at_jobs(self, job_ids: Sequence[JobId]) -> View:
        """Look at several jobs: a line each."""
        jobs = [self._house.jobs.get(one) for one in job_ids]
        return self._view([self._row(one) for one in jobs], jobs)

    def at_project(self, project_id: ProjectId) -> View:
        """Look at the whole lifecycle of a project: always eleven lines."""
        rows, jobs = [], []
        for state in self._house.projects.stages(project_id):
            job = self._house.jobs.get(JobId(state.job_id)) if state.job_id is not None else None
            if job is not None:
                jobs.append(job)
                rows.append(self._row(job))
            else:
                rows.append(Row(state.name, state.number, state.title, None, None, 0.0, "", state.is_optional))
        return self._view(rows, jobs)

    def _view(self, rows: Sequence[Row], jobs: Sequence[Job]) -> View:
        active = [job for job in jobs if job.status is JobStatus.RUNNING]
        training = next((job for job in reversed(active) if job.kind == "train"), None)
        warnings = [event.summary for job in active for event in self._events(job) if event.severity != "info"]
        curve = self._curves.read(training.id) if training is not None else None
        checks = self._house.run_health.watch_checks(training.id) if training is not None else ()
        return View(rows=tuple(rows), curve=curve, warnings=tuple(warnings), checks=checks)

    def _row(self, job: Job) -> Row:
        if job.id in self._ended:
            return self._ended[job.id]
        stage = next((stage for stage in LIFECYCLE if stage.name == job.kind), None)
        row = Row(
            key=f"{job.kind}-{job.id}",
            number=stage_number(stage.name) if stage else None,
            title=stage.title if stage else _title_of(job),
            status=job.status,
            seconds=_seconds(job, self._house.ports.clock.now()),
            fraction=job.fraction,
            note=self._note(job),
            is_optional=bool(stage and stage.optional),
        )
        if job.status.is_final:
            self._ended[job.id] = row
        return row

    def _note(self, job: Job) -> str:
        if job.error:
            return job.error
        if job.status.is_final:
            events = self._events(job)
            return events[-1].summary if events else ""
        if job.waiting_reason:
            return job.waiting_reason
        return job.message if job.message and job.phase in {"running", "training"} else job.phase

    def _events(self, job: Job) -> tuple[RunEvent, ...]:
        return self._house.jobs.events(project_id=job.project_id, run_id=job.run_id, limit=200)


def _title_of(job: Job) -> str:
    """Name work that is no stage: by what differs in it, where it is one of several."""
    if job.kind == "probe":
        return PurePath(job.payload["model"]).name
    if sweep := job.payload.get("sweep"):
        values = job.payload["overrides"]
        return " ".join(f"{one.rpartition('.')[2]}={values[one]}" for one in sweep["fields"] if one in values)
    return job.kind.capitalize()


def _seconds(job: Job, now: datetime) -> float | None:
    if job.started_at is None:
        return None
    return max(((job.finished_at or now) - job.started_at).total_seconds(), 0.0)


def _number(body: dict[str, object], name: str) -> float | None:
    value = body.get(name)
    return float(value) if isinstance(value, int | float) else None
