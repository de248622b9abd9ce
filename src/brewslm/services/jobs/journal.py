"""Reading a worker's journal into the ledger: rows, events and the offset in one transaction."""

import json
import logging
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from pydantic import ValidationError

from brewslm.core.engines.names import EngineName
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import TrainingLimit, TrainingRecovered, TrainingStarted
from brewslm.core.events.reasons import Reason
from brewslm.core.health.report import Verdict
from brewslm.core.ids import ExperimentId, JobId
from brewslm.core.ports.storage import MetricRow, Transaction
from brewslm.core.wire.progress import RECORD, EndedRecord, LogRecord, ProgressRecord, Record, StartedRecord
from brewslm.core.wire.recovery import RecoveryFile
from brewslm.core.wire.rundir import LOG_FILE
from brewslm.services.jobs.claim import Claim
from brewslm.services.jobs.files import read_recovery
from brewslm.services.monitoring.live import ACTOR, LiveMonitor

log = logging.getLogger(__name__)

_PAGE_BYTES = 1_000_000
_LIMITS = {"timeout": Reason.TRAINING_TIMEOUT, "budget": Reason.TRAINING_BUDGET_EXCEEDED}
_NUM_RECORDS = 50
"""Records that say what a step usually takes."""


class JournalReader:
    """Follows one `log.jsonl`. A line counts once its newline is there."""

    def __init__(
        self,
        claim: Claim,
        run_directory: Path,
        *,
        experiment_id: ExperimentId | None,
        engine: EngineName = "local",
        monitor: LiveMonitor | None = None,
    ) -> None:
        """Follow the journal in `run_directory`; of trainings the starts are events, and a monitor judges the rest."""
        self._claim = claim
        self._path = run_directory / LOG_FILE
        self._experiment_id = experiment_id
        self._engine: EngineName = engine
        self._monitor = monitor
        self._verdict: Verdict | None = None
        self._offset = -1
        self.last_step: int | None = None
        self._step_seconds: deque[float] = deque(maxlen=_NUM_RECORDS)

    def attempts_without_progress(self, attempt: int) -> int:
        """Count the attempts up to this one since the newest checkpoint was made, with the one that made it.

        Those before a pause or a retry do not count.
        """
        newest, since = 0, 1
        with self._claim.reading() as transaction:
            for row in transaction.metrics.list(self._claim.job.id, kind="checkpoint"):
                if row.step is not None and row.step > newest:
                    newest, since = row.step, int(row.body["attempt"])
        return attempt - max(since, read_recovery(self._path.parent).first_attempt) + 1

    @property
    def step_seconds(self) -> float | None:
        """What a step takes, by the newest records that were read; None where there are none."""
        return median(self._step_seconds) if self._step_seconds else None

    @property
    def verdict(self) -> Verdict | None:
        """How the training is by what was taken in; None where nothing judges it."""
        if self._monitor is None:
            return None
        if self._verdict is None:
            with self._claim.reading() as transaction:
                self._verdict = self._monitor.verdict(transaction)
        return self._verdict

    def drain(self) -> None:
        """Take in every whole line that has not been taken in."""
        while self._drain_page():
            pass

    def _drain_page(self) -> bool:
        if not self._has_grown():
            return False
        with self._claim.transaction() as transaction:
            self._claim.stored(transaction)
            job_id = self._claim.job.id
            offset = self._offset = transaction.metrics.offset(job_id)
            lines = self._lines(offset)
            if not lines:
                return False
            records = [record for line in lines if (record := _parse(line)) is not None]
            rows = [_row(record, job_id) for record in records]
            transaction.metrics.append(rows, job_id=job_id, offset=offset + sum(map(len, lines)))
            for draft in self._told(transaction, records):
                self._claim.emit_in(transaction, draft)
            for draft in self._judged(transaction, records):
                self._claim.emit_in(transaction, draft, actor=ACTOR)
        self._verdict = None
        for record in records:
            self._show(record)
        return True

    def _told(self, transaction: Transaction, records: Sequence[Record]) -> Iterator[Draft]:
        """Yield the events of a training's records."""
        if self._experiment_id is None:
            return
        for record in records:
            if isinstance(record, StartedRecord):
                yield from _started(record, self._experiment_id, self._engine, read_recovery(self._path.parent))
            elif isinstance(record, EndedRecord) and record.end in _LIMITS:
                draft = _limited(record, self._experiment_id, _LIMITS[record.end])
                # An attempt that dies now is followed by one that ends the same way.
                if not self._is_known(transaction, draft.reason):
                    yield draft

    def _judged(self, transaction: Transaction, records: Sequence[Record]) -> list[Draft]:
        """Return what the judge has to tell of these records."""
        if self._monitor is None:
            return []
        return self._monitor.take(transaction, records, first_attempt=read_recovery(self._path.parent).first_attempt)

    def _is_known(self, transaction: Transaction, reason: Reason) -> bool:
        job = self._claim.job
        events = transaction.events.list(project_id=job.project_id, run_id=job.run_id)
        return any(event.reason is reason for event in events)

    def _has_grown(self) -> bool:
        """Whether there is something after the last offset; asked first, because taking it in locks the ledger."""
        try:
            return self._path.stat().st_size > self._offset
        except FileNotFoundError:
            return False

    def _lines(self, offset: int) -> list[bytes]:
        with self._path.open("rb") as stream:
            stream.seek(offset)
            page = stream.read(_PAGE_BYTES)
        whole = page[: page.rfind(b"\n") + 1]
        return whole.splitlines(keepends=True)

    def _show(self, record: Record) -> None:
        self.last_step = getattr(record, "step", None) or self.last_step
        match record:
            case StartedRecord():
                self._claim.phase("running")
            case ProgressRecord():
                self._claim.progress(record.fraction, record.message)
            case LogRecord():
                self._step_seconds.append(record.step_seconds)
                self._claim.phase("training")
                loss = "not a number" if record.loss is None else f"{record.loss:.4f}"
                message = f"step {record.step} of {record.total_steps}, loss {loss}"
                self._claim.progress(record.step / record.total_steps, message)
            case _:
                pass


def _parse(line: bytes) -> Record | None:
    try:
        return RECORD.validate_python(json.loads(line, parse_constant=_refuse))
    except (ValueError, ValidationError):
        log.exception("a journal line could not be read: %r", line[:200])
        return None


def _row(record: Record, job_id: JobId) -> MetricRow:
    body = record.model_dump(mode="json")
    return MetricRow(job_id=job_id, seq=record.seq, kind=record.kind, step=getattr(record, "step", None), body=body)


def _refuse(constant: str) -> None:
    message = f"{constant} is not JSON"
    raise ValueError(message)


def _limited(record: EndedRecord, experiment_id: ExperimentId, reason: Reason) -> Draft:
    payload = TrainingLimit(
        experiment_id=experiment_id, step=record.step, total_steps=record.total_steps, why=record.why
    )
    why = record.why.rstrip(".")
    return Draft(reason=reason, summary=f"Experiment {experiment_id}: {why[:1].lower()}{why[1:]}", payload=payload)


def _started(
    record: StartedRecord, experiment_id: ExperimentId, engine: EngineName, known: RecoveryFile
) -> list[Draft]:
    """Return the events of a start; none of an attempt that the job which is retried has told already."""
    if record.attempt < known.first_attempt:
        return []
    where = record.device if engine == "local" else f"{record.device}, by {engine}"
    started = Draft(
        reason=Reason.TRAINING_STARTED,
        summary=f"Attempt {record.attempt} of experiment {experiment_id} started on {where}",
        payload=TrainingStarted(
            experiment_id=experiment_id,
            attempt=record.attempt,
            backend=engine,
            device=record.device,
            total_steps=record.total_steps,
            resumed_from_step=record.resumed_from_step,
        ),
    )
    if record.attempt == known.first_attempt:
        return [started]
    action = next((measure.action for measure in known.measures if measure.attempt == record.attempt - 1), "resume")
    place = f"from step {record.resumed_from_step}" if record.resumed_from_step else "from the beginning"
    recovered = Draft(
        reason=Reason.TRAINING_RECOVERED,
        summary=f"Experiment {experiment_id} went on {place} in attempt {record.attempt}",
        payload=TrainingRecovered(attempt=record.attempt, from_step=record.resumed_from_step, action=action),
    )
    return [started, recovered]
