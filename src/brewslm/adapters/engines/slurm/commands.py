"""The commands of Slurm, called with lists of arguments; no accounting is asked, which many clusters lack."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from brewslm.core.errors import WorkerError

NEEDED = ("sbatch", "squeue", "scancel", "scontrol")
ASK_SECONDS = 20.0
"""What one command may take. A controller that is down is answered after some seconds by each."""
JOB_PREFIX = "brewslm-"
_WAITING = frozenset({"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT"})
_LIVING = frozenset({"RUNNING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING"})
_ENDING = "COMPLETING"


class SilentControllerError(WorkerError):
    """The controller did not answer, so that nothing is known."""


@dataclass(frozen=True, slots=True)
class SlurmJob:
    """A job as the controller tells of it."""

    job_id: str
    state: str
    reason: str

    @property
    def is_waiting(self) -> bool:
        """Whether it has not begun."""
        return self.state in _WAITING

    @property
    def is_living(self) -> bool:
        """Whether it runs."""
        return self.state in _LIVING

    @property
    def is_ending(self) -> bool:
        """Whether it has been told to end, or has ended, and its nodes have not all said so."""
        return self.state == _ENDING


class SlurmCommands:
    """Asks and tells the controller."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Keep what the commands are started with, which is also what a job of `submit` sees."""
        self._environment = dict(environment)

    def missing(self) -> tuple[str, ...]:
        """Return the commands that are not there."""
        return tuple(name for name in NEEDED if self._where(name) is None)

    def submit(self, options: list[str], script: str) -> str:
        """Hand a job in and return its number.

        Raises:
            SilentControllerError: the controller did not answer in time; it may have taken the job.
            WorkerError: Slurm refused it; in its words.
        """
        said = self.run("sbatch", "--parsable", *options, given=script)
        return said.strip().splitlines()[-1].partition(";")[0] if said.strip() else ""

    def find(self, name: str) -> SlurmJob | None:
        """Return the newest job of that name; None where the controller knows none, or no longer.

        Raises:
            SilentControllerError: the controller did not answer.
        """
        told = self.run("squeue", "--noheader", "--states=all", f"--name={name}", "--format=%i|%T|%r")
        jobs = [SlurmJob(*line.strip().split("|", 2)) for line in told.splitlines() if line.count("|") >= 2]
        open_ones = [one for one in jobs if one.is_waiting or one.is_living]
        found = open_ones or jobs
        return found[-1] if found else None

    def signal(self, job_id: str, name: str, *, whole: bool = False) -> None:
        """Send a signal to the processes of a job; with `whole`, to its script as well.

        Raises:
            SilentControllerError: the controller did not answer.
        """
        self._tell("scancel", f"--signal={name}", *(("--full",) if whole else ()), job_id)

    def cancel(self, job_id: str) -> None:
        """End a job.

        Raises:
            SilentControllerError: the controller did not answer.
        """
        self._tell("scancel", job_id)

    def run(self, name: str, *arguments: str, given: str = "") -> str:
        """Run one command and return what it said.

        Raises:
            SilentControllerError: the controller did not answer, or not in time.
            WorkerError: the command is missing, or refused.
        """
        where = self._where(name)
        if where is None:
            message = f"The command {name!r} of Slurm is not on the path: work where the cluster's commands are."
            raise WorkerError(message)
        try:
            done = subprocess.run(
                [where, *arguments],
                input=given,
                capture_output=True,
                text=True,
                timeout=ASK_SECONDS,
                env=self._environment,
                check=False,
                errors="replace",
            )
        except subprocess.TimeoutExpired as error:
            message = f"Slurm's {name} did not answer within {ASK_SECONDS:.0f} s; the controller is asked again."
            raise SilentControllerError(message) from error
        except OSError as error:
            message = f"Slurm's {name} ({where}) could not be started: {error}."
            raise WorkerError(message) from error
        if done.returncode == 0:
            return done.stdout
        said = _line(done.stderr) or _line(done.stdout) or f"exit code {done.returncode}"
        kind = SilentControllerError if _is_silence(done.stderr) else WorkerError
        raise kind(f"Slurm's {name} says: {said}. `brewslm engines check slurm` asks the cluster again.")

    def _tell(self, name: str, *arguments: str) -> None:
        """Tell the controller something about a job; one that has ended by itself is what was wanted."""
        try:
            self.run(name, *arguments)
        except SilentControllerError:
            raise
        except WorkerError:
            return

    def _where(self, name: str) -> str | None:
        return shutil.which(name, path=self._environment.get("PATH"))


def _line(text: str) -> str:
    lines = [line.strip().removeprefix("sbatch: ").removeprefix("squeue: ") for line in text.splitlines()]
    told = [line.removeprefix("error: ") for line in lines if line]
    return "; ".join(dict.fromkeys(told))[:400].rstrip(".")


def _is_silence(text: str) -> bool:
    signs = ("unable to contact slurm controller", "connection refused", "timed out", "communication", "zero bytes")
    return any(sign in text.lower() for sign in signs)
