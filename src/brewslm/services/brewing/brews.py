"""The served folder: what its `brew.py` says, and the run of it that is in flight."""

from pathlib import Path

from brewslm.core.brew.ports import BrewRuns, BrewStarter, Piece
from brewslm.core.brew.trainer import BrewRun, BrewState
from brewslm.core.errors import ConflictError
from brewslm.core.ids import JobId
from brewslm.core.value import Value
from brewslm.services.brewing.reading import BrewReader, file_at, file_needed
from brewslm.services.jobs.queue import Jobs


class Stopping(Value):
    """What was asked to stop."""

    run: BrewRun
    message: str
    """What will stop, and what is kept, for people."""


class Brews:
    """What the Studio's Home does with a folder."""

    def __init__(self, reader: BrewReader, runs: BrewRuns, starter: BrewStarter, jobs: Jobs, place: Path) -> None:
        """Look at `place`, a folder or a file."""
        self._reader = reader
        self._runs = runs
        self._starter = starter
        self._jobs = jobs
        self._place = place.absolute()

    def state(self) -> BrewState:
        """Return what is there now; a file that was edited is read again."""
        file = file_at(self._place)
        if file is None:
            return BrewState(folder=str(self._folder()))
        file = file.resolve()
        reading = self._reader.read(file)
        return BrewState(
            folder=str(file.parent),
            file=file.name,
            trainer=reading.trainer,
            error=str(reading.problem) if reading.problem is not None else None,
            changed_at=reading.changed_at,
            run=self._runs.current(file),
        )

    def start(self) -> BrewRun:
        """Run `brewslm start` on the file, in a process of its own.

        Raises:
            NotFoundError: there is no file.
            UserCodeError: it does not load.
            ConflictError: a run of it is in flight.
        """
        file = file_needed(self._place)
        return self._starter.start(file, trainer=self._reader.read(file).wanted().name)

    def output(self, offset: int) -> Piece:
        """Return what the run that was started last has written from this byte on.

        Raises:
            NotFoundError: there is no file.
        """
        return self._starter.output(file_needed(self._place), offset=offset)

    def stop(self) -> Stopping:
        """Ask the run that is in flight to stop.

        Raises:
            NotFoundError: there is no file.
            ConflictError: nothing is in flight.
        """
        file = file_needed(self._place)
        run = self._runs.current(file)
        if run is None:
            message = f"no run of {file} is in flight; there is nothing to stop"
            raise ConflictError(message)
        self._starter.ask_to_stop(run)  # first, so that a job which is only about to be asked for ends, too
        run = self._runs.current(file) or run
        if run.job_id is None:
            return Stopping(run=run, message=f"Trainer {run.trainer!r} was asked to stop before its first job.")
        try:
            job = self._jobs.cancel(JobId(run.job_id))
        except ConflictError:  # it ended by itself in the meantime
            message = f"Trainer {run.trainer!r} was asked to stop; job {run.job_id} had just ended, no other begins."
            return Stopping(run=run, message=message)
        what = "its worker saves and stops" if run.phase == "training" else "the import stops"
        message = (
            f"Job {job.id} ({job.kind}) of trainer {run.trainer!r} was asked to stop: {what}; what is done is kept."
        )
        return Stopping(run=run, message=message)

    def _folder(self) -> Path:
        return self._place if self._place.is_dir() else self._place.parent
