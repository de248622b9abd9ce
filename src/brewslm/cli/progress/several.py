"""Doing several jobs here at once, as many as there are places for, and showing how far each is."""

import queue
import threading
from collections.abc import Sequence

import typer
from rich.console import Console

from brewslm.bootstrap.house import House
from brewslm.cli.failures import INTERRUPTED
from brewslm.cli.progress.follow import LOOK_EVERY_SECONDS, screen
from brewslm.cli.progress.view import Lookout
from brewslm.core.ids import JobId
from brewslm.core.job import Job


def follow_all(house: House, err: Console, jobs: Sequence[Job], *, again: str) -> None:
    """Do the jobs, or wait for who does them, until each has ended or is held.

    Args:
        house: the workspace.
        err: where to show them.
        jobs: all of one kind and one engine.
        again: what goes on with them, for who leaves with Ctrl-C.

    Raises:
        typer.Exit: the user left; what has begun goes on by itself.
    """
    crew, lookout, waiting = _Crew(house, jobs), Lookout(house), [job.id for job in jobs]
    try:
        with house.alerts.served(), screen(err) as show:
            crew.start()
            while waiting:
                show(lookout.at_jobs([job.id for job in jobs]))
                crew.wait(LOOK_EVERY_SECONDS)
                waiting = [one for one in waiting if not _is_over(house.jobs.get(one))]
            show(lookout.at_jobs([job.id for job in jobs]))
    except KeyboardInterrupt:
        said = f"Detached. Workers that have started go on by themselves; {again}, or a running server, does the rest."
        err.print(f"\n{said}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None


def _is_over(job: Job) -> bool:
    return job.status.is_final or job.is_held


class _Crew:
    """Threads that take one job after the other. They die with the process; what they did is in the books."""

    def __init__(self, house: House, jobs: Sequence[Job]) -> None:
        self._runner = house.runner
        self._queue: queue.SimpleQueue[JobId] = queue.SimpleQueue()
        for job in jobs:
            self._queue.put(job.id)
        self._error: BaseException | None = None
        self._failed = threading.Event()
        num = min(len(jobs), max((self._runner.num_places(job) for job in jobs), default=1))
        self._threads = [threading.Thread(target=self._work, name=f"crew-{n}", daemon=True) for n in range(num)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait(self, seconds: float) -> None:
        """Wait a little; raise what a thread raised."""
        self._failed.wait(seconds)
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            while True:
                self._runner.run(self._queue.get_nowait())
        except queue.Empty:
            return
        except BaseException as error:  # noqa: BLE001 - handed on to the thread that waits
            self._error = error
            self._failed.set()
