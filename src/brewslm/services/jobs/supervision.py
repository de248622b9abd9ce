"""Standing beside a worker: start it or re-attach, read its journal, resume it when it is lost, take its result."""

import os
from pathlib import Path
from time import thread_time

from pydantic import ValidationError

from brewslm.core.errors import BrewError, WorkerError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import WorkerLost
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ExperimentId
from brewslm.core.ports.engine import WorkerStatus
from brewslm.core.wire.attempt import FailureFile
from brewslm.core.wire.order import ORDER, Order
from brewslm.core.wire.result import RESULT, Result
from brewslm.core.wire.rundir import FAILURE_FILE, ORDER_FILE, RESULT_FILE, WORKER_LOG_FILE, ExitCode
from brewslm.services.jobs.claim import Claim
from brewslm.services.jobs.journal import JournalReader
from brewslm.services.ports import Ports

POLL_SECONDS, LONGEST_POLL_SECONDS = 0.5, 1.0
REST_OVER_LOOK = 150
"""Watching must cost the worker nothing: what a look took of the processor is so many times waited after it."""
CANCEL_GRACE_SECONDS = 10.0
MAX_LOSSES_WITHOUT_PROGRESS = 3

_REASONS: dict[str, Reason] = {
    "train": Reason.TRAINING_RUNTIME_ERROR,
    "evaluate": Reason.EVALUATION_RUNTIME_ERROR,
    "measure": Reason.EVALUATION_RUNTIME_ERROR,
    "export": Reason.EXPORT_RUNTIME_ERROR,
    "generate": Reason.DEPLOYMENT_SMOKE_FAILED,
}
_TYPED: dict[int | None, Reason] = {ExitCode.DISK_FULL: Reason.SYSTEM_DISK_FULL}
_TYPED_OF_TRAINING: dict[int | None, Reason] = {
    ExitCode.OUT_OF_MEMORY: Reason.TRAINING_OOM,
    ExitCode.NOT_FINITE: Reason.TRAINING_NAN,
    ExitCode.DISK_FULL: Reason.TRAINING_DISK_FULL,
}


class Supervisor:
    """Implements the `Workers` port for one claimed job."""

    def __init__(self, ports: Ports, claim: Claim, folder: Path) -> None:
        """Run directories are made under `folder`."""
        self._ports = ports
        self._claim = claim
        self._folder = folder

    def folder(self, name: str) -> Path:
        """The run directory `name`."""
        return self._folder / name

    def run(self, order: Order, *, name: str) -> Result:
        """Run `order` to its result. Calling it again after a restart re-attaches to what is there."""
        directory = self.folder(name)
        _write_order(directory, order)
        experiment = ExperimentId(int(name.removeprefix("exp-"))) if order.kind == "train" else None
        journal = JournalReader(self._claim, directory, experiment_id=experiment)
        while True:
            began_at = thread_time()
            status = self._ports.engine.status(directory)
            journal.drain()
            if status.state == "alive":
                if self._claim.is_cancelled():
                    self._claim.phase("cancelling")
                    self._ports.engine.cancel(directory, grace_seconds=CANCEL_GRACE_SECONDS)
                else:
                    self._ports.clock.sleep(rest_after(thread_time() - began_at))
                continue
            if (directory / RESULT_FILE).is_file():
                return _read_result(directory, order)
            self._claim.raise_if_cancelled()
            if status.state != "absent":
                self._raise_unless_lost(directory, order, status)
                self._note_loss(status, journal.last_step)
                _raise_if_hopeless(journal.attempts_without_progress(status.attempt), directory)
            self._claim.phase("starting" if status.attempt == 0 else "recovering")
            self._ports.engine.submit(directory, attempt=status.attempt + 1)

    def _raise_unless_lost(self, directory: Path, order: Order, status: WorkerStatus) -> None:
        """Only a training that was killed or vanished is resumed; what failed by itself would fail again."""
        is_killed = status.state == "lost" or status.signal is not None
        if order.kind == "train" and is_killed:
            return
        typed = _TYPED_OF_TRAINING if order.kind == "train" else _TYPED
        reason = typed.get(status.exit_code, _REASONS[order.kind])
        log = directory / WORKER_LOG_FILE
        if is_killed:
            how = f"signal {status.signal}" if status.signal else "an unknown cause"
            message = f"the {order.kind} worker was ended by {how}; start it again, its log is {log}"
            raise WorkerError(message, reason=reason)
        raise _explained(directory, order, status, reason)

    def _note_loss(self, status: WorkerStatus, last_step: int | None) -> None:
        """Record the loss of an attempt, once: this process may have died after it had recorded it before."""
        how = f"signal {status.signal}" if status.signal else "an unknown cause"
        draft = Draft(
            reason=Reason.TRAINING_WORKER_LOST,
            summary=f"The training process of attempt {status.attempt} was ended by {how}",
            payload=WorkerLost(
                attempt=status.attempt, exit_code=status.exit_code, signal=status.signal, last_step=last_step
            ),
        )
        job = self._claim.job
        with self._claim.transaction() as transaction:
            self._claim.stored(transaction)
            events = transaction.events.list(project_id=job.project_id, run_id=job.run_id)
            known = [event.payload["attempt"] for event in events if event.reason is draft.reason]
            if status.attempt not in known:
                self._claim.emit_in(transaction, draft)


def rest_after(look_seconds: float) -> float:
    """Return how long to wait after a look that took the processor so long."""
    return min(max(POLL_SECONDS, REST_OVER_LOOK * look_seconds), LONGEST_POLL_SECONDS)


def _raise_if_hopeless(losses: int, directory: Path) -> None:
    if losses > MAX_LOSSES_WITHOUT_PROGRESS:
        message = (
            f"the training process was lost {losses} times without a newer checkpoint; "
            f"read {directory / WORKER_LOG_FILE}, then start again"
        )
        raise WorkerError(message, reason=Reason.TRAINING_RUNTIME_ERROR)


def _write_order(directory: Path, order: Order) -> None:
    """Write `order.json` once. A restart must find the order that it would give itself."""
    path = directory / ORDER_FILE
    if path.is_file():
        if ORDER.validate_json(path.read_bytes()) != order:
            message = f"{path} holds another order than this job gives; start a new job"
            raise WorkerError(message, reason=_REASONS[order.kind])
        return
    directory.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    with draft.open("w", encoding="utf-8") as stream:
        stream.write(order.model_dump_json(indent=2) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


def _read_result(directory: Path, order: Order) -> Result:
    try:
        return RESULT.validate_json((directory / RESULT_FILE).read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        message = (
            f"the result of the {order.kind} worker cannot be read: {'.'.join(map(str, first['loc']))} is "
            f"{first['input']!r} (null stands for a number that was not finite); read {directory / WORKER_LOG_FILE}"
        )
        raise WorkerError(message, reason=_REASONS[order.kind]) from error


def _explained(directory: Path, order: Order, status: WorkerStatus, reason: Reason) -> BrewError:
    path = directory / FAILURE_FILE
    log = directory / WORKER_LOG_FILE
    if path.is_file():
        failure = FailureFile.model_validate_json(path.read_bytes())
        if failure.attempt == status.attempt:
            return WorkerError(failure.message, reason=reason)
    message = f"the {order.kind} worker ended with exit code {status.exit_code} and no result; read {log}"
    return WorkerError(message, reason=reason)
