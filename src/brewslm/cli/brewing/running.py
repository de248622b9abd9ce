"""From a file to the end of its training, with the user's functions called on the way."""

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import typer

from brewslm.bootstrap.house import House
from brewslm.cli.progress.follow import held_words, screen, work
from brewslm.cli.progress.view import Lookout
from brewslm.cli.session import Session
from brewslm.cli.text import harmless
from brewslm.core.brew.ports import Note, UserCode
from brewslm.core.brew.talk import Broken
from brewslm.core.brew.trainer import BrewRun, Trainer
from brewslm.core.errors import UserCodeError
from brewslm.core.ids import JobId
from brewslm.core.job import Job, JobStatus
from brewslm.services.brewing.conversation import Conversation
from brewslm.services.brewing.feed import Feed
from brewslm.services.brewing.requests import check_trainer, import_for, project_for, training_for

LISTEN_SECONDS = 0.05


def run_brew(session: Session, file: Path, *, priority: int = 0) -> Job:
    """Run what a file asks for, and return its last job as it ended.

    Raises:
        BrewError: the file does not load, or names what is not there.
        typer.Exit: the user left with Ctrl-C; the work goes on. Or it was set aside; this was said.
    """
    house = session.house
    name = file.parent.name  # until the file has said how its trainer is called
    now = house.ports.clock.now()
    run = BrewRun(
        id=f"{now:%Y%m%dT%H%M%S}-{os.getpid()}", trainer=name, file=str(file), pid=os.getpid(), started_at=now
    )
    with ExitStack() as held:
        note = held.enter_context(house.brew_runs.hold(run))
        code = None
        if file.suffix == ".py":
            code = held.enter_context(house.code.load(file, is_printing=True))
            trainer = _opened(code)
        else:
            trainer = house.brew_reader.read(file).wanted()
        run = run.model_copy(update={"trainer": trainer.name})
        note(run)
        return _Running(session, file, trainer, code, note, run).run(priority=priority)


def _opened(code: UserCode) -> Trainer:
    opening = code.opening()
    if isinstance(opening, Broken):
        raise UserCodeError(opening.error, traceback=opening.traceback)
    return opening.trainer


class _Running:
    """One run."""

    def __init__(
        self, session: Session, file: Path, trainer: Trainer, code: UserCode | None, note: Note, run: BrewRun
    ) -> None:
        self._session = session
        self._house: House = session.house
        self._folder = file.parent
        self._trainer = trainer
        self._code = code
        self._note = note
        self._run = run
        feed = Feed(self._house.ports, self._house.jobs, self._house.job_views, trainer)
        self._talk = (
            Conversation(code, feed, self._house.checkpoint_answers, self._house.jobs, self._warn)
            if code is not None
            else None
        )

    def run(self, *, priority: int) -> Job:
        check_trainer(self._trainer, self._folder, self._house.ports.sources)
        project = project_for(self._trainer, self._folder, self._house.projects)
        self._session.note(f"Trainer {self._trainer.name!r}: project {project.id} {project.name!r}")
        jobs, dataset_id = self._house.jobs, None
        asked = import_for(self._trainer, self._folder)
        if asked is not None:
            imported = self._follow(jobs.submit(project.id, "import", asked, priority=priority), "importing")
            if imported.status is not JobStatus.COMPLETED:
                return self._ended(imported)
            dataset_id = imported.artifact_id
        request = training_for(self._trainer, self._folder, dataset_id)
        return self._ended(self._follow(jobs.submit(project.id, "autopilot", request, priority=priority), "training"))

    def _follow(self, job: Job, phase: str) -> Job:
        """Do a job here, or wait for who does it; the user's functions are called meanwhile."""
        where = {"phase": phase, "project_id": job.project_id, "job_id": job.id}
        if self._note(self._run.model_copy(update=where)):
            self._house.jobs.cancel(job.id)
        lookout = Lookout(self._house)
        with screen(self._session.err) as show:

            def look() -> None:
                show(lookout.at_job(job.id))
                self._converse(job.id)

            done = work(self._house, self._session.err, job.id, look)
        if done.is_held:
            self._session.note(held_words(done))
            raise typer.Exit(0)
        return done

    def _ended(self, job: Job) -> Job:
        """Let the user's functions hear of the end, and wait until they have returned."""
        if self._talk is None:
            return job
        self._talk.end(job)
        while self._talk.is_waiting:
            self._talk.listen(job.id)
            self._print()
            time.sleep(LISTEN_SECONDS)
        self._talk.close()
        self._print()
        return job

    def _converse(self, job_id: JobId) -> None:
        if self._talk is not None:
            self._talk.look(job_id)
            self._print()

    def _print(self) -> None:
        """Show what the user's code has printed: above the progress on a terminal, else on stdout as it is."""
        if self._code is None:
            return
        lines = self._code.printed()
        if self._session.err.is_terminal:
            for line in lines:
                self._session.err.print(harmless(line), markup=False, highlight=False, soft_wrap=True)
        elif lines:
            stream = sys.stderr if self._session.is_json else sys.stdout
            stream.write("".join(f"{harmless(line)}\n" for line in lines))
            stream.flush()

    def _warn(self, text: str) -> None:
        self._session.note(f"warning: {text}")
