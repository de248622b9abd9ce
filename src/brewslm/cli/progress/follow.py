"""Doing a job here, or waiting for who does it, and showing how far it is meanwhile."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.live import Live

from brewslm.bootstrap.house import House
from brewslm.cli.failures import INTERRUPTED
from brewslm.cli.progress.draw import draw
from brewslm.cli.progress.lines import Lines
from brewslm.cli.progress.view import Lookout, View
from brewslm.cli.text import one_line
from brewslm.core.ids import JobId
from brewslm.core.job import Job
from brewslm.services.runner import Runner

LOOK_EVERY_SECONDS = 0.3

Show = Callable[[View], None]
Look = Callable[[Lookout], View]


def follow(house: House, err: Console, job_id: JobId) -> Job:
    """Do the job and show it; return it as it ended.

    Raises:
        typer.Exit: the user left with Ctrl-C; the work goes on. Or it was set aside; this was said.
    """
    lookout = Lookout(house)
    with screen(err) as show:

        def look() -> None:
            job = house.jobs.get(job_id)
            is_left = job.status.is_final and job.parent_id is not None and house.runner.is_doing(job.parent_id)
            show(lookout.at_job(job.parent_id if is_left and job.parent_id is not None else job_id))

        job = work(house, err, job_id, look)
    if job.is_held:
        err.print(held_words(job), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(0)
    return job


def held_words(job: Job) -> str:
    """Say what a job waits for that nobody may begin."""
    asked = f" {one_line(job.question.sentence)}." if job.question is not None and job.is_asking else ""
    return f"Job {job.id} is {job.waiting_reason}.{asked}"


def work(house: House, err: Console, job_id: JobId, look: Callable[[], None]) -> Job:
    """Do the job in a thread and call `look` until it has ended, or is held.

    A step is done with its flow: who does that stays to its end, and does not leave the next step half done.

    Raises:
        typer.Exit: the user left with Ctrl-C; the work goes on.
    """
    job = house.jobs.get(job_id)
    whole = job.parent_id or job_id
    doer = _Doer(house.runner, whole)
    try:
        with house.alerts.served():
            doer.start()
            while not (job.status.is_final or job.is_held) or house.runner.is_doing(whole):
                look()
                doer.wait(LOOK_EVERY_SECONDS)
                job = house.jobs.get(job_id)
            look()
    except KeyboardInterrupt:
        raise _detached(err, job) from None
    return job


@contextmanager
def screen(console: Console) -> Iterator[Show]:
    """Show views one after the other: in place on a terminal, as lines anywhere else."""
    if not console.is_terminal:
        lines = Lines(console)
        yield lambda view: lines.show(view, now=time.monotonic())
        return
    with Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
        yield lambda view: live.update(draw(view, console), refresh=True)


class _Doer:
    """Runs the job in a thread of its own. The thread dies with the process; what it did up to then is in the books."""

    def __init__(self, runner: Runner, job_id: JobId) -> None:
        self._runner = runner
        self._job_id = job_id
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"job-{job_id}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait a little; raise what the thread raised."""
        if self._error is None and not self._thread.is_alive():
            time.sleep(seconds)
        self._thread.join(seconds)
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._runner.run(self._job_id)
        except BaseException as error:  # noqa: BLE001 - handed on to the thread that waits
            self._error = error


def _detached(err: Console, job: Job) -> typer.Exit:
    message = (
        f"Detached from job {job.id}. A worker that has started goes on by itself; `brewslm jobs watch {job.id}` (or a "
        f"running server) takes the work up again, `brewslm jobs cancel {job.id}` stops it."
    )
    err.print(f"\n{message}", markup=False, highlight=False, soft_wrap=True)
    return typer.Exit(INTERRUPTED)
