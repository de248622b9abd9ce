"""How a training is: judged from its log, now or long after."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from pydantic import ValidationError

from brewslm.core.errors import NotFoundError
from brewslm.core.health.layers import SourcedThresholds, layered
from brewslm.core.health.monitor import Monitor
from brewslm.core.health.observation import Observation
from brewslm.core.health.report import Alert, Verdict, VerdictLevel
from brewslm.core.health.thresholds import Thresholds
from brewslm.core.health.watch import WatchCheck
from brewslm.core.ids import JobId
from brewslm.core.job import Job, JobStatus
from brewslm.core.ports.storage import Transaction
from brewslm.core.ports.training_logs import LogFormat, ThresholdFiles, TrainingLogs
from brewslm.core.value import Value
from brewslm.core.wire.rundir import LOG_FILE
from brewslm.services.monitoring.limits import limits_now
from brewslm.services.ports import Ports


class HealthReport(Value):
    """A log that was judged from its first record to its last."""

    log: str
    format: LogFormat
    notes: tuple[str, ...]
    """What was left out of the log, and what could not be judged."""
    verdict: Verdict
    alerts: tuple[Alert, ...]
    """All that was to be told, in order; the same log gives the same."""
    checks: tuple[WatchCheck, ...]
    """The lines of the active watch over the first steps."""


class Outlook(Value):
    """How a training is, and how long it will go on: by what was taken in of its journal, without reading it again."""

    job_id: JobId
    verdict: VerdictLevel | None
    """None where nothing was judged: before the first record, or where the job is no training."""
    step: int | None
    total_steps: int | None
    seconds_left: float | None
    """At the median pace of its last steps; None where that is not known, or it does not run."""


class RunHealth:
    """Judges logs, and the trainings of this workspace."""

    def __init__(self, ports: Ports, logs: TrainingLogs, files: ThresholdFiles) -> None:
        """Bind it to what it reads."""
        self._ports = ports
        self._logs = logs
        self._files = files

    def thresholds(self, extra: Path | None = None) -> SourcedThresholds:
        """Return the thresholds that count, with their sources.

        Raises:
            InvalidRequestError: a file cannot be read, or says what cannot be.
        """
        return layered(self._files.layers(extra))

    def replay(self, log: Path, *, thresholds: Path | None = None) -> HealthReport:
        """Judge a log.

        Raises:
            InvalidRequestError: the log or the thresholds cannot be read.
        """
        return self._judge(log, thresholds, ())

    def of_job(self, job_id: JobId, *, thresholds: Path | None = None) -> HealthReport:
        """Judge a training of this workspace, with what its machine has left while it runs here.

        Raises:
            NotFoundError: there is no such job, or it is no training with a log.
            InvalidRequestError: the thresholds cannot be read.
        """
        with self._ports.storage.read() as transaction:
            job = transaction.jobs.get(job_id)
            jobs = [job, *transaction.jobs.list(parent_id=job_id)]
            experiments = transaction.experiments.list(job.project_id)
        folder = self._ports.store.project_folder(job.project_id) / "experiments"
        for one in jobs:
            for experiment in experiments:
                log = folder / experiment.folder_name / LOG_FILE
                if experiment.job_id == one.id and log.is_file():
                    return self._judge(log, thresholds, self._now(one, log.parent))
        message = f"job {job_id} has no training log yet; only trainings write one, once their worker has started"
        raise NotFoundError(message)

    def watch_checks(self, job_id: JobId) -> tuple[WatchCheck, ...]:
        """Return the lines of the active watch of a training, or of the trainings within a flow.

        Raises:
            NotFoundError: there is no such job.
        """
        with self._ports.storage.read() as transaction:
            jobs = [transaction.jobs.get(job_id), *transaction.jobs.list(parent_id=job_id)]
            return tuple(check for job in jobs if job.kind == "train" for check in transaction.monitors.checks(job.id))

    def outlooks(self, job_ids: Sequence[JobId]) -> tuple[Outlook, ...]:
        """Return the outlook of trainings, or of the trainings within flows, in the order in which they are named.

        Raises:
            NotFoundError: there is no such job.
        """
        limits = limits_now(self._files).thresholds
        with self._ports.storage.read() as transaction:
            return tuple(_outlook(transaction, transaction.jobs.get(job_id), limits) for job_id in job_ids)

    def _now(self, job: Job, run_directory: Path) -> Iterator[Observation]:
        """Yield what is known beyond the log of a training that still runs: its machine, and the time."""
        if job.status is not JobStatus.RUNNING:
            return
        now = self._ports.clock.now().timestamp()
        yield Observation("device", time=now, disk_free_bytes=self._ports.machine.free_disk_bytes(run_directory))
        yield Observation("tick", time=now, clock=self._ports.clock.monotonic())

    def _judge(self, path: Path, thresholds: Path | None, more: Iterator[Observation] | tuple[()]) -> HealthReport:
        monitor = Monitor(self.thresholds(thresholds).thresholds)
        log = self._logs.read(path)
        alerts: list[Alert] = []
        checks: list[WatchCheck] = []
        for seen in chain(log.observations, more):
            alerts += monitor.feed(seen)
            checks += monitor.checks
        return HealthReport(
            log=str(log.path),
            format=log.format,
            notes=tuple(log.notes),
            verdict=monitor.verdict(),
            alerts=tuple(alerts),
            checks=tuple(checks),
        )


def _outlook(transaction: Transaction, job: Job, limits: Thresholds) -> Outlook:
    trainings = [one for one in (job, *transaction.jobs.list(parent_id=job.id)) if one.kind == "train"]
    state = transaction.monitors.state(trainings[0].id, "monitor") if trainings else None
    verdict = _stored_verdict(state, limits) if state is not None else None
    if verdict is None:
        return Outlook(job_id=job.id, verdict=None, step=None, total_steps=None, seconds_left=None)
    seconds_left = None
    if trainings[0].status is JobStatus.RUNNING and None not in (verdict.step, verdict.total_steps):
        num_left = (verdict.total_steps or 0) - (verdict.step or 0)
        seconds_left = num_left * verdict.step_seconds if verdict.step_seconds is not None else None
    return Outlook(
        job_id=job.id,
        verdict=verdict.verdict,
        step=verdict.step,
        total_steps=verdict.total_steps,
        seconds_left=seconds_left,
    )


def _stored_verdict(state: bytes, limits: Thresholds) -> Verdict | None:
    try:
        return Monitor(limits, state=state).verdict()
    except ValidationError:  # of another version; the next record makes it anew
        return None
