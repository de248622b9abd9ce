"""The patrol: comes by every running training, independent of who stands beside it."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from brewslm.core.errors import BrewError
from brewslm.core.job import Job, JobStatus
from brewslm.core.patrol.cron import Cron
from brewslm.core.patrol.rounds import Round, TrainingRound, worst
from brewslm.core.ports.storage import Transaction
from brewslm.core.value import Value
from brewslm.core.wire.order import ORDER, TrainOrder
from brewslm.core.wire.rundir import ORDER_FILE
from brewslm.services.monitoring.limits import limits_now
from brewslm.services.monitoring.rounds import Rounds, Stand, TakeUp
from brewslm.services.monitoring.watchers import Watchers
from brewslm.services.ports import Ports

log = logging.getLogger(__name__)

LIVENESS_SECONDS = 5.0
BEAT_SECONDS = 30.0
DUE_SECONDS = 90.0
"""Three signs of life may be missed by a patrol that stays; by then it is lost."""
NAME = "patrol"
TIMED_NAME = "patrol-timer"
"""Of rounds that a timer starts: cron or systemd."""
_MOST = 1000


class HealthLog(Protocol):
    """Where healthy rounds are written down, silently."""

    def append(self, document: Value) -> None:
        """Add one; the oldest go when there are too many.

        Raises:
            DiskFullError: there is no space.
        """


class Patrol:
    """Walks rounds in the name of one process. Everything that it remembers is in the ledger."""

    def __init__(
        self,
        ports: Ports,
        watchers: Watchers,
        health_log: HealthLog,
        *,
        is_owner_gone: Callable[[str], bool],
        cron: str,
    ) -> None:
        """Bind it; `cron` says when a round is written down.

        Raises:
            InvalidRequestError: `cron` is no cron expression.
        """
        self._ports, self._watchers, self._health_log = ports, watchers, health_log
        self._is_owner_gone = is_owner_gone
        self._cron = Cron(cron)

    def walk(
        self, *, take_up: TakeUp | None = None, is_written: bool = True, looks_every: float | None = None
    ) -> Round:
        """Walk one round over all running trainings.

        Args:
            take_up: starts a process that stands beside a job whose own has gone; None tells it, and leaves it.
            is_written: whether the round is written down.
            looks_every: seconds between two rounds of a patrol that stays; None where each may come at any time.
        """
        with self._ports.storage.read() as transaction:
            running = transaction.jobs.list(statuses=[JobStatus.RUNNING], limit=_MOST)
            places = [self._place(transaction, job) for job in running if job.kind == "train"]
        found: list[TrainingRound] = []
        if places:
            limits = limits_now(self._ports.thresholds).thresholds
            rounds = Rounds(self._ports, limits, take_up, looks_every=looks_every)
            visits = (rounds.visit(self._stand(job, folder), folder) for job, folder in places if folder is not None)
            found = [one for one in visits if one is not None]
        walked = Round(
            at=self._ports.clock.now(), verdict=worst([one.verdict for one in found]), trainings=tuple(found)
        )
        if is_written and found:
            self._health_log.append(walked)
        return walked

    def serve(self, stop: threading.Event, *, take_up: TakeUp | None = None) -> None:
        """Walk until `stop` is set: a look every few seconds, a round in writing whenever it is due.

        Where another process has the place of the patrol, wait for it to become free.
        """
        clock = self._ports.clock
        beat_at, written_at = float("-inf"), clock.now()
        is_mine = False
        while not stop.is_set():
            try:
                if clock.monotonic() - beat_at >= BEAT_SECONDS or not is_mine:
                    is_mine, beat_at = self._watchers.beat(NAME, due_within_seconds=DUE_SECONDS), clock.monotonic()
                if is_mine:
                    now = clock.now()
                    is_due = self._cron.is_due(written_at, now)
                    self.walk(take_up=take_up, is_written=is_due, looks_every=LIVENESS_SECONDS)
                    written_at = now if is_due or now < written_at else written_at
            except BrewError:
                log.exception("the patrol goes on after an error")
            stop.wait(LIVENESS_SECONDS)
        self._watchers.leave(NAME)

    def _place(self, transaction: Transaction, job: Job) -> tuple[Job, Path | None]:
        """Return a job and its run directory; None where it has none yet."""
        experiments = transaction.experiments.list(job.project_id)
        name = next((one.folder_name for one in experiments if one.job_id == job.id), None)
        folder = self._ports.store.project_folder(job.project_id) / "experiments"
        return job, folder / name if name is not None else None

    def _stand(self, job: Job, folder: Path) -> Stand:
        is_gone = job.lease_owner is None or self._is_owner_gone(job.lease_owner)
        return Stand(job=job, is_owner_gone=is_gone, may_recover=_may_recover(folder))


def _may_recover(folder: Path) -> bool:
    """Whether the recipe lets a training go on by itself."""
    try:
        order = ORDER.validate_json((folder / ORDER_FILE).read_bytes())
    except (OSError, ValueError):
        return True  # it has not begun: whoever takes it up begins it
    return not isinstance(order, TrainOrder) or order.recipe.recovery == "auto"
