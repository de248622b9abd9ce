"""Standing beside a worker: start it or re-attach, read its journal, resume or stop it, take its result."""

from collections.abc import Callable
from pathlib import Path
from time import thread_time

from pydantic import ValidationError

from brewslm.core.errors import BrewError, WorkerError
from brewslm.core.events.base import Draft
from brewslm.core.events.failure import Failure
from brewslm.core.events.lifecycle import WorkerLost
from brewslm.core.events.reasons import Reason
from brewslm.core.health.journal import Cadence
from brewslm.core.health.thresholds import StallThresholds
from brewslm.core.ids import ExperimentId
from brewslm.core.job import Job
from brewslm.core.ports.engine import Released, WorkerStatus
from brewslm.core.recipe.placement import PlacementSettings
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.recovery.onset import divergence_in
from brewslm.core.wire.order import ORDER, MeasureOrder, Order, TrainOrder
from brewslm.core.wire.placement import Placement
from brewslm.core.wire.result import RESULT, Result, TrainResult
from brewslm.core.wire.rundir import (
    DEVICE_FILE,
    ORDER_FILE,
    PLACEMENT_FILE,
    RESULT_FILE,
    WORKER_LOG_FILE,
    ExitCode,
)
from brewslm.services.engines.line import engine_of
from brewslm.services.jobs.claim import Claim
from brewslm.services.jobs.files import drop_ballast, read_recovery, take_ballast, write_recovery, write_whole
from brewslm.services.jobs.journal import JournalReader
from brewslm.services.jobs.liveness import Liveness
from brewslm.services.jobs.observing import answer_plateau, note_design_problem, write_design_report
from brewslm.services.jobs.recovering import (
    ended_of,
    failure_of,
    move,
    needed_bytes,
    note_once,
    recover,
    with_devices,
)
from brewslm.services.jobs.setting_aside import SetAsideError, paused
from brewslm.services.jobs.stopping import CANCEL_GRACE_SECONDS, PauseRequest, cancelled
from brewslm.services.monitoring.limits import limits_now
from brewslm.services.monitoring.live import LiveMonitor
from brewslm.services.ports import Ports

POLL_SECONDS, LONGEST_POLL_SECONDS = 0.5, 1.0
REST_OVER_LOOK = 150
"""Watching must cost the worker nothing: what a look took of the processor is so many times waited after it."""
RESOURCE_POLL_SECONDS = 5.0
MAX_ATTEMPTS = 3
"""Of work without checkpoints whose process disappears."""

_REASONS: dict[str, Reason] = {
    "train": Reason.TRAINING_RUNTIME_ERROR,
    "evaluate": Reason.EVALUATION_RUNTIME_ERROR,
    "measure": Reason.EVALUATION_RUNTIME_ERROR,
    "probe": Reason.EVALUATION_RUNTIME_ERROR,
    "export": Reason.EXPORT_RUNTIME_ERROR,
    "generate": Reason.DEPLOYMENT_SMOKE_FAILED,
}
_TYPED: dict[int | None, Reason] = {ExitCode.DISK_FULL: Reason.SYSTEM_DISK_FULL}


class Supervisor:
    """Implements the `Workers` port for one claimed job."""

    def __init__(self, ports: Ports, claim: Claim, folder: Path) -> None:
        """Run directories are made under `folder`."""
        self._ports = ports
        self._claim = claim
        self._folder = folder
        self._stall_limits = StallThresholds()
        self._released: Released | None = None

    def folder(self, name: str) -> Path:
        """The run directory `name`."""
        return self._folder / name

    def run(self, order: Order, *, name: str) -> Result:
        """Run `order` to its result. Calling it again after a restart re-attaches to what is there."""
        directory = self.folder(name)
        _write_order(directory, order)
        try:
            return self._run(order, directory, name)
        finally:
            drop_ballast(directory)

    def _run(self, order: Order, directory: Path, name: str) -> Result:
        if order.kind == "train":
            self._begin_anew(directory)
        experiment = ExperimentId(int(name.removeprefix("exp-"))) if order.kind == "train" else None
        monitor = self._monitor(order)
        placement = _placement_of(order, self._claim.job)
        journal = JournalReader(
            self._claim, directory, experiment_id=experiment, engine=placement.engine, monitor=monitor
        )
        stalled: tuple[int, str] | None = None
        while True:
            status = self._ports.engine.status(directory)
            journal.drain()
            if status.is_open:
                stalled = self._stay_beside(directory, order, journal) or stalled
                continue
            if (directory / RESULT_FILE).is_file():
                return self._result(directory, order)
            self._obey(directory, order, status, journal)
            if status.exit_code == ExitCode.DISK_FULL:
                drop_ballast(directory)
            if status.state != "absent" and not _is_paused(directory, status):
                self._recover(directory, order, status, journal, stalled=stalled)
            self._claim.phase("starting" if status.attempt == 0 else "recovering")
            self._name_device(directory)
            _write_placement(directory, placement)
            if order.kind == "train":
                take_ballast(directory, free_bytes=self._ports.machine.free_disk_bytes(directory))
            self._ports.engine.submit(directory, attempt=status.attempt + 1)

    def _monitor(self, order: Order) -> LiveMonitor | None:
        """Return what judges a training, by the thresholds of now; a file of them that cannot be used is an event."""
        if not isinstance(order, TrainOrder):
            return None
        limits = limits_now(self._ports.thresholds)
        self._stall_limits = limits.thresholds.stall
        if limits.problem:
            summary = f"The defaults count, because of the thresholds: {limits.problem}"
            payload = Failure(error=limits.problem)
            self._claim.emit(Draft(reason=Reason.SYSTEM_CONFIG_INVALID, summary=summary, payload=payload))
        settings = order.recipe.monitor
        cadence = Cadence(settings.eval_every, settings.checkpoint_every)
        return LiveMonitor(self._claim.job.id, limits.thresholds, cadence)

    def _name_device(self, directory: Path) -> None:
        """Leave word of the GPU that this job was given."""
        kind, _, number = (self._claim.job.device or "").partition(":")
        if kind == "gpu":
            write_whole(directory / DEVICE_FILE, number)

    def _begin_anew(self, directory: Path) -> None:
        """Let a job that retries another one go on in that one's run directory, once.

        What was changed for its attempts stays changed; how often something was done about them is forgotten.
        """
        job, known = self._claim.job, read_recovery(directory)
        if job.retry_of is None or known.job_id == job.id:
            return
        path = directory / RESULT_FILE
        if path.is_file() and _is_cancelled(RESULT.validate_json(path.read_bytes())):
            path.unlink()
        _set_aside(directory, self._ports.engine.status(directory), measures=(), job_id=job.id)

    def _result(self, directory: Path, order: Order) -> Result:
        """Take the result.

        Raises:
            CancelledError: it is what was left of a training that was cancelled.
            WorkerError: it cannot be read.
        """
        result = read_result(directory, order)
        if _is_cancelled(result):
            raise cancelled(self._claim.job, result, self._released)
        return result

    def _obey(self, directory: Path, order: Order, status: WorkerStatus, journal: JournalReader) -> None:
        """Stop here, where no worker lives and somebody asked for it.

        Raises:
            CancelledError: to stop for good.
            SetAsideError: for a pause of a training.
        """
        wish = self._claim.wish()
        if wish == "cancel":
            self._released = self._released or self._ports.engine.cancel(directory, grace_seconds=0)
            raise cancelled(self._claim.job, None, self._released)
        if wish == "pause" and order.kind == "train":
            if status.state != "absent":
                _set_aside(directory, status)
            is_new = status.exit_code == ExitCode.PAUSED
            raise SetAsideError(paused(self._claim.job, last_step=journal.last_step, is_checkpoint_new=is_new))

    def _stay_beside(self, directory: Path, order: Order, journal: JournalReader) -> tuple[int, str] | None:
        """Follow a living worker to its end; return its attempt and what was wrong where it hung and was ended."""
        liveness = Liveness(self._ports.clock, self._ports.engine, directory, self._stall_limits)
        pause = PauseRequest(self._ports.clock, self._ports.engine, directory)
        began_at = thread_time()
        while (status := self._ports.engine.status(directory)).is_open:
            journal.drain()
            wish = self._claim.wish()
            self._say_that_it_waits(status)
            if wish == "cancel":
                self._claim.phase("cancelling")
                self._released = self._ports.engine.cancel(directory, grace_seconds=CANCEL_GRACE_SECONDS)
            elif wish == "pause" and order.kind == "train":
                self._claim.phase("pausing")
                pause.press(step_seconds=journal.step_seconds)
                self._ports.clock.sleep(POLL_SECONDS)
            elif status.state == "waiting":
                liveness = Liveness(self._ports.clock, self._ports.engine, directory, self._stall_limits)
                self._ports.clock.sleep(LONGEST_POLL_SECONDS)
            elif order.kind == "train" and (trouble := liveness.trouble(step_seconds=journal.step_seconds)):
                self._claim.phase("recovering")
                self._ports.engine.kill(directory)
                return status.attempt, trouble
            elif isinstance(order, TrainOrder) and self._is_astray(directory, order.recipe, status, journal):
                self._claim.phase("recovering")
                self._ports.engine.kill(directory)
                return None
            else:
                pause.withdraw()
                self._ports.clock.sleep(rest_after(thread_time() - began_at))
            began_at = thread_time()
        return None

    def _say_that_it_waits(self, status: WorkerStatus) -> None:
        phase = "waiting_cluster" if status.state == "waiting" else "starting"
        if self._claim.job.phase != phase and (status.state == "waiting" or self._claim.job.phase == "waiting_cluster"):
            self._claim.phase(phase)

    def _is_astray(self, directory: Path, recipe: Recipe, status: WorkerStatus, journal: JournalReader) -> bool:
        """Act on what the monitor says; return whether this attempt leads away and should be ended."""
        verdict = journal.verdict
        if verdict is None or verdict.attempt != status.attempt:
            return False
        if problem := next((one for one in verdict.findings if one.detector == "worse_than_base"), None):
            note_design_problem(self._claim, directory, recipe, verdict, problem.seen)
        if recipe.recovery == "off":
            return False
        answer_plateau(self._claim, directory, recipe, verdict)
        return divergence_in(verdict, status.attempt) is not None

    def _recover(
        self,
        directory: Path,
        order: Order,
        status: WorkerStatus,
        journal: JournalReader,
        *,
        stalled: tuple[int, str] | None,
    ) -> None:
        """Do what lets a training go on, and wait until it can; raise what ended anything else."""
        stalled_attempt, trouble = stalled or (None, "")
        ended = None
        if isinstance(order, TrainOrder):
            ended = ended_of(status, directory, journal, order.recipe, stalled_attempt=stalled_attempt)
            if ended is not None and ended.cause == "device_failed":
                ended = with_devices(ended, self._claim, self._ports.machine)
        if ended is None or not isinstance(order, TrainOrder):
            if isinstance(order, TrainOrder) or not _is_worth_another_attempt(status):
                raise _explained(directory, order, status)
            note_once(self._claim, status.attempt, _begun_again(order, status))
            return
        try:
            measure = recover(self._claim, directory, order.recipe, status, ended, trouble=trouble)
        except WorkerError as error:
            if error.code is Reason.TRAINING_DESIGN_PROBLEM and journal.verdict is not None:
                write_design_report(directory, order.recipe, journal.verdict, str(error))
            raise
        self._wait(measure.wait_seconds, lambda: self._obey(directory, order, status, journal))
        while measure.action == "wait" and not self._has_room(directory):
            self._claim.phase("waiting_disk")
            self._wait(RESOURCE_POLL_SECONDS, lambda: self._obey(directory, order, status, journal))
        while measure.action == "other_device" and not self._has_moved(directory):
            self._claim.phase("waiting_device")
            self._wait(RESOURCE_POLL_SECONDS, lambda: self._obey(directory, order, status, journal))

    def _wait(self, seconds: float, obey: Callable[[], None]) -> None:
        end = self._ports.clock.monotonic() + seconds
        while (left := end - self._ports.clock.monotonic()) > 0:
            obey()
            self._ports.clock.sleep(min(left, POLL_SECONDS))

    def _has_moved(self, directory: Path) -> bool:
        return move(self._claim, self._ports.machine, read_recovery(directory).adjustments.failed_devices)

    def _has_room(self, directory: Path) -> bool:
        return self._ports.machine.free_disk_bytes(directory) >= needed_bytes(directory)


def rest_after(look_seconds: float) -> float:
    """Return how long to wait after a look that took the processor so long."""
    return min(max(POLL_SECONDS, REST_OVER_LOOK * look_seconds), LONGEST_POLL_SECONDS)


def _is_paused(directory: Path, status: WorkerStatus) -> bool:
    """Whether an attempt ended because somebody wished so, and nothing is to be done about it."""
    if status.exit_code == ExitCode.PAUSED:
        _set_aside(directory, status)
    return status.attempt < read_recovery(directory).first_attempt


def _set_aside(directory: Path, status: WorkerStatus, **changes: object) -> None:
    """Note that nothing is to be done about the end of this attempt, nor of any before it."""
    known = read_recovery(directory)
    write_recovery(directory, known.model_copy(update={"first_attempt": status.attempt + 1, **changes}))


def _is_cancelled(result: Result) -> bool:
    return isinstance(result, TrainResult) and result.status == "cancelled"


def _write_order(directory: Path, order: Order) -> None:
    """Write `order.json` once. A restart must find the order that it would give itself."""
    path = directory / ORDER_FILE
    if path.is_file():
        if ORDER.validate_json(path.read_bytes()) != order:
            message = f"{path} holds another order than this job gives; start a new job"
            raise WorkerError(message, reason=_REASONS[order.kind])
        return
    directory.mkdir(parents=True, exist_ok=True)
    write_whole(path, order.model_dump_json(indent=2))


def _placement_of(order: Order, job: Job) -> PlacementSettings:
    """Return where an order is done: a training by its recipe, a measurement here, else where its job has its place."""
    if isinstance(order, TrainOrder):
        return order.recipe.placement
    return PlacementSettings() if isinstance(order, MeasureOrder) else PlacementSettings(engine=engine_of(job))


def _write_placement(directory: Path, settings: PlacementSettings) -> None:
    """Leave word of the engine and the number of processes, where they are not one process on this machine."""
    if settings != PlacementSettings():
        placement = Placement.model_validate(settings.model_dump())
        write_whole(directory / PLACEMENT_FILE, placement.model_dump_json())


def read_result(directory: Path, order: Order) -> Result:
    """Return what the worker of a run directory left.

    Raises:
        WorkerError: it cannot be read.
    """
    try:
        return RESULT.validate_json((directory / RESULT_FILE).read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        message = (
            f"the result of the {order.kind} worker cannot be read: {'.'.join(map(str, first['loc']))} is "
            f"{first['input']!r} (null stands for a number that was not finite); read {directory / WORKER_LOG_FILE}"
        )
        raise WorkerError(message, reason=_REASONS[order.kind]) from error


def _is_worth_another_attempt(status: WorkerStatus) -> bool:
    """Whether a worker without checkpoints disappeared for no cause of its own."""
    is_lost = status.state == "lost" or status.signal is not None
    return is_lost and not status.is_out_of_memory and status.attempt < MAX_ATTEMPTS


def _begun_again(order: Order, status: WorkerStatus) -> Draft:
    how = f"signal {status.signal}" if status.signal else "an unknown cause"
    return Draft(
        reason=Reason.SYSTEM_WORKER_LOST,
        summary=f"The {order.kind} worker was ended by {how} in attempt {status.attempt}; its work is begun again",
        payload=WorkerLost(attempt=status.attempt, exit_code=status.exit_code, signal=status.signal, last_step=None),
    )


def _explained(directory: Path, order: Order, status: WorkerStatus) -> BrewError:
    """Say why a worker ended that would end the same way again."""
    log = directory / WORKER_LOG_FILE
    reason = _TYPED.get(status.exit_code, _REASONS[order.kind])
    if status.state == "lost" or status.signal is not None:
        how = f"signal {status.signal}" if status.signal else "an unknown cause"
        message = f"the {order.kind} worker was ended by {how}; start it again, its log is {log}"
        return WorkerError(message, reason=reason)
    failure = failure_of(directory, status.attempt)
    if failure is not None:
        return WorkerError(failure.message, reason=reason)
    message = f"the {order.kind} worker ended with exit code {status.exit_code} and no result; read {log}"
    return WorkerError(message, reason=reason)
