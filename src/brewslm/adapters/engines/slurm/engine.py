"""The Slurm engine: each attempt is a job of its own, whose script is the shim that the local engine starts, too.

What is true of an attempt: its `exit.json` says how it ended; a beat that changes says that it lives; else the queue
says whether it waits, lives or has gone. A controller that does not answer changes nothing.
"""

import shlex
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from brewslm.adapters.engines import ranks, shim
from brewslm.adapters.engines.local import num_cores, worker_environment
from brewslm.adapters.engines.placing import placement_of
from brewslm.adapters.engines.slurm.commands import JOB_PREFIX, SilentControllerError, SlurmCommands, SlurmJob
from brewslm.adapters.files.atomic import write_atomically
from brewslm.adapters.files.turns import turn
from brewslm.core.engines.settings import SlurmSettings
from brewslm.core.errors import WorkerError
from brewslm.core.ports.engine import Released, WorkerStatus
from brewslm.core.ports.engines.clusters import ClusterLook
from brewslm.core.value import Value
from brewslm.core.wire.attempt import AttemptFile, ExitFile
from brewslm.core.wire.placement import Placement
from brewslm.core.wire.rundir import ATTEMPT_FILE, BEAT_FILE, CANCEL_FILE, CONTROL_FOLDER, EXIT_FILE

FileT = TypeVar("FileT", bound=Value)

SUBMISSION_FILE, TURN_FILE = "submission.json", "submission.lock"
ASK_EVERY_SECONDS = 2.0
BEAT_SECONDS = 6.0
"""A beat that has not changed for so long says nothing any more."""
LATE_SECONDS = 3.0
"""How much later than the end of its job an attempt's `exit.json` may be seen, on storage that nodes share."""
NOTICE_SECONDS = 60
"""Before the end of its time a job is told to end, so that its end is written down."""
HAND_IN_SECONDS = 10.0
"""How long a submission that Slurm knows nothing of is left to the process that wrote it down."""
STACKS_SECONDS = 1.0
END_SECONDS = 10.0
"""How long the end of processes that were killed may take to be told."""
POLL_SECONDS = 0.1
_KEPT_OF_SLURM = ("SLURM_CONF",)
_NO_MEMORY = "OUT_OF_MEMORY"


class Submission(Value):
    """`submission.json`: written before Slurm is asked to take an attempt, so that it is never asked for two."""

    attempt: int
    name: str
    """Of the job, chosen here."""
    job_id: str = ""
    """Empty until Slurm has told it."""


@dataclass(slots=True)
class _Watched:
    """What is known of one attempt, by this process's own clock."""

    since: float
    job: SlurmJob | None = None
    is_answered: bool = False
    """Whether the controller has ever answered about it."""
    problem: str = ""
    asked_at: float = float("-inf")
    gone_at: float | None = None
    """Since when the controller knows no open job of it."""
    beat: str | None = None
    beat_at: float = float("-inf")


class SlurmEngine:
    """Implements `ClusterEngine`. Holds no state that matters: another process sees the same."""

    def __init__(
        self, settings: SlurmSettings, *, environment: Mapping[str, str], python: str = sys.executable
    ) -> None:
        """Keep how to reach the cluster.

        Args:
            settings: what the workspace says of it.
            environment: of this process; jobs get an allow-listed part of it.
            python: the interpreter on the nodes where `settings` name none.
        """
        self._settings = settings
        self._python = settings.python or python
        own = {name: environment[name] for name in _KEPT_OF_SLURM if name in environment}
        self._commands = SlurmCommands(worker_environment(environment, num_cores()) | own)
        self._watched: dict[str, _Watched] = {}
        self._guard = threading.Lock()

    def submit(self, run_directory: Path, *, attempt: int) -> None:
        """Hand in attempt number `attempt`. Does nothing if one waits or lives, or if that attempt has been before.

        Raises:
            WorkerError: Slurm does not take it; in its words.
        """
        run = run_directory.resolve()
        try:
            with turn(run / TURN_FILE):
                self._submit(run, attempt)
        except OSError as error:
            message = f"{str(run / SUBMISSION_FILE)!r} cannot be written: {error}. Check the folder and the disk."
            raise WorkerError(message) from error

    def _submit(self, run: Path, attempt: int) -> None:
        status = self.status(run)
        if status.is_open or status.attempt >= attempt:
            return
        made = Submission(attempt=attempt, name=f"{JOB_PREFIX}{run.name}-{attempt}-{uuid.uuid4().hex[:12]}")
        write_atomically(run / SUBMISSION_FILE, made.model_dump_json().encode())
        try:
            self._hand_in(run, made)
        except SilentControllerError:
            return  # it may have it; whoever looks next finds it by its name, or hands it in
        except WorkerError:
            (run / SUBMISSION_FILE).unlink(missing_ok=True)
            raise

    def status(self, run_directory: Path) -> WorkerStatus:
        """Read what is known; asks the controller every two seconds at most."""
        run = run_directory.resolve()
        made = _read(run / SUBMISSION_FILE, Submission)
        if made is None:
            return _told(run, None) or WorkerStatus(state="absent", attempt=0)
        if ended := _told(run, made.attempt):
            return ended
        watched = self._look_after(run, made)
        return _told(run, made.attempt) or _judged(run, made, watched)

    def cancel(self, run_directory: Path, *, grace_seconds: float) -> Released:
        """Ask politely, wait up to `grace_seconds`, then end the whole job and wait for its end."""
        run = run_directory.resolve()
        status, num = self.status(run), placement_of(run).num_processes
        if not status.is_open:
            return Released(num_processes=0, memory_bytes=0)
        if status.state == "waiting":
            self._end(run)
            return Released(num_processes=0, memory_bytes=0)
        (run / CONTROL_FOLDER).mkdir(exist_ok=True)
        write_atomically(run / CONTROL_FOLDER / CANCEL_FILE, f"{grace_seconds:.3f}".encode())
        is_over = self._is_over_within(run, grace_seconds + shim.TERM_SECONDS + END_SECONDS)
        if not is_over:
            self._end(run)
        ended = _read(run / EXIT_FILE, ExitFile)
        is_killed = not is_over or (ended is not None and ended.signal == 9)
        return Released(num_processes=num, memory_bytes=0, is_killed=is_killed)

    def processor_seconds(self, run_directory: Path) -> float | None:  # noqa: ARG002 - the port has it
        """Return None: what processes of other machines use is not known here."""
        return None

    def kill(self, run_directory: Path) -> None:
        """End a worker that does not get on: have it write its stacks into its log, then end the whole job."""
        run = run_directory.resolve()
        if not self.status(run).is_open:
            return
        if job_id := self._job_id(run):
            self._commands.signal(job_id, "USR1")
            self._is_over_within(run, STACKS_SECONDS)
            self._commands.signal(job_id, "KILL")  # of its processes; the shim then writes how they ended
            if self._is_over_within(run, END_SECONDS):
                return
        self._end(run)

    def look(self) -> ClusterLook:
        """Ask the cluster; takes some seconds at most, and never raises for what the cluster says."""
        if missing := self._commands.missing():
            problem = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not on the path here: "
            problem += "work on a machine that has the cluster's commands, such as its login node"
            return ClusterLook(name="slurm", problem=problem, max_jobs=self._settings.max_jobs)
        try:
            version = self._commands.run("sbatch", "--version").strip()
            wanted = [f"--partition={self._settings.partition}"] if self._settings.partition else []
            nodes = self._commands.run("sinfo", "--noheader", "--format=%P: %D nodes %T, %c cores, %m MB, %G", *wanted)
            mine = self._commands.run("squeue", "--me", "--noheader", "--format=%j|%T").splitlines()
            if wanted and not nodes.strip():
                problem = f"there is no partition {self._settings.partition!r}: correct slurm.partition"
            else:
                problem = self._refusal(Placement(engine="slurm"))
        except WorkerError as error:
            is_silent = isinstance(error, SilentControllerError)
            return ClusterLook(
                name="slurm", problem=str(error), is_reachable=not is_silent, max_jobs=self._settings.max_jobs
            )
        states = [line.partition("|")[2] for line in mine if line.startswith(JOB_PREFIX)]
        return ClusterLook(
            name="slurm",
            problem=problem,
            is_reachable=True,
            facts=(version, *(line.strip() for line in nodes.splitlines())),
            num_waiting=states.count("PENDING"),
            num_running=states.count("RUNNING"),
            max_jobs=self._settings.max_jobs,
        )

    def _refusal(self, placement: Placement) -> str:
        """Ask whether the controller would take a job; nothing is started. Returns its words where it would not."""
        try:
            self._commands.run("sbatch", "--test-only", *self._options(placement, "brewslm-check"), given="#!/bin/sh\n")
        except SilentControllerError:
            raise
        except WorkerError as error:
            return str(error)
        return ""

    def _hand_in(self, run: Path, made: Submission) -> Submission:
        """Give the attempt to Slurm, unless it has it, and note its number."""
        found = self._commands.find(made.name)
        if found is None:
            placement = placement_of(run)
            options = [
                *self._options(placement, made.name),
                f"--chdir={run}",
                "--output=slurm.log",
                "--open-mode=append",
            ]
            script = f"#!/bin/sh\nexec {shlex.join(self._command(run, made.attempt, placement))}\n"
            job_id = self._commands.submit(options, script)
        else:
            job_id = found.job_id
        taken = made.model_copy(update={"job_id": job_id})
        write_atomically(run / SUBMISSION_FILE, taken.model_dump_json().encode())
        return taken

    def _command(self, run: Path, attempt: int, placement: Placement) -> list[str]:
        bare = (self._python, "-S", "-E", "-s")
        nodes, per_node = str(placement.num_nodes), str(placement.processes_per_node)
        gang = (*bare, str(Path(ranks.__file__)), "slurm", nodes, per_node, self._settings.network_interface or "")
        worker = (self._python, "-P", "-m", "brewslm.worker", str(run), str(attempt))
        return [*bare, str(Path(shim.__file__)), str(run), str(attempt), *gang, *worker]

    def _options(self, placement: Placement, name: str) -> list[str]:
        """Return the options of `sbatch`: those of the workspace come last, so that they win."""
        told = self._settings
        named = {"partition": told.partition, "account": told.account, "qos": told.qos, "time": told.time_limit}
        if told.has_gpus:
            named["gpus-per-node"] = str(placement.processes_per_node)
        return [
            *(f"--job-name={name}", "--dependency=singleton", "--no-requeue", "--export=ALL"),
            *(f"--nodes={placement.num_nodes}", f"--ntasks-per-node={placement.processes_per_node}"),
            f"--signal=B:TERM@{NOTICE_SECONDS}",
            *(f"--{option}={value}" for option, value in named.items() if value),
            *told.options,
        ]

    def _look_after(self, run: Path, made: Submission) -> _Watched:
        """Look at the beat, and ask the controller unless that was done a moment ago."""
        now = time.monotonic()
        with self._guard:
            watched = self._watched.setdefault(made.name, _Watched(since=now))
            if (beat := _text(run / BEAT_FILE)) != watched.beat:
                is_first = watched.beat is None
                watched.beat, watched.beat_at = beat, now if beat and not is_first else watched.beat_at
            if now < watched.asked_at + ASK_EVERY_SECONDS:
                return watched
            watched.asked_at = now
        try:
            job = self._commands.find(made.name)
            if not made.job_id and (job is not None or now >= watched.since + HAND_IN_SECONDS):
                with turn(run / TURN_FILE, should_wait=False) as is_ours:
                    if is_ours and _read(run / SUBMISSION_FILE, Submission) == made:
                        self._hand_in(run, made)
                job = job or self._commands.find(made.name)
        except (WorkerError, OSError) as error:
            watched.problem = str(error)
            return watched
        watched.job, watched.is_answered, watched.problem = job, True, ""
        is_open = job is not None and (job.is_waiting or job.is_living)
        is_coming = job is None and not made.job_id  # it is still to be handed in
        watched.gone_at = None if is_open or is_coming else watched.gone_at or time.monotonic()
        return watched

    def _job_id(self, run: Path) -> str:
        made = _read(run / SUBMISSION_FILE, Submission)
        if made is None:
            return ""
        if made.job_id:
            return made.job_id
        found = self._commands.find(made.name)
        return found.job_id if found is not None else ""

    def _end(self, run: Path) -> None:
        """Have Slurm end the job, and wait for it.

        Raises:
            WorkerError: it does not end.
        """
        if job_id := self._job_id(run):
            self._commands.cancel(job_id)
        if not self._is_over_within(run, END_SECONDS, is_told=True):
            if job_id:
                self._commands.signal(job_id, "KILL", whole=True)
            if not self._is_over_within(run, BEAT_SECONDS + END_SECONDS, is_told=True):
                message = f"The job {job_id} of {str(run)!r} does not end; look at `scontrol show job {job_id}`."
                raise WorkerError(message)

    def _is_over_within(self, run: Path, seconds: float, *, is_told: bool = False) -> bool:
        """Wait for the end of an attempt; one that was told to end through Slurm needs no word of its own."""
        deadline = time.monotonic() + seconds
        while (status := self.status(run)).is_open:
            made = _read(run / SUBMISSION_FILE, Submission)
            watched = self._watched.get(made.name) if made is not None else None
            if is_told and watched is not None and watched.gone_at is not None and status.state == "waiting":
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True


def _judged(run: Path, made: Submission, watched: _Watched) -> WorkerStatus:
    """Say how an attempt is of whose end no file tells."""
    now = time.monotonic()
    began = _read(run / ATTEMPT_FILE, AttemptFile)
    has_begun = began is not None and began.attempt == made.attempt
    alive = WorkerStatus(state="alive", attempt=made.attempt)
    if has_begun and now < watched.beat_at + BEAT_SECONDS:
        return alive
    job = watched.job
    if watched.gone_at is None:
        if has_begun or (job is not None and job.is_living):
            return alive
        why = watched.problem or (job.reason if job is not None else "the controller has not answered yet")
        return WorkerStatus(state="waiting", attempt=made.attempt, waits_for=why)
    is_ending = job is not None and job.is_ending
    patience = max(BEAT_SECONDS if has_begun else 0.0, LATE_SECONDS if not is_ending else 0.0)
    if now < watched.gone_at + patience:
        return alive if has_begun else WorkerStatus(state="waiting", attempt=made.attempt, waits_for="its end")
    how = job.state if job is not None else ""
    return WorkerStatus(state="lost", attempt=made.attempt, is_out_of_memory=how == _NO_MEMORY, waits_for=how)


def _told(run: Path, attempt: int | None) -> WorkerStatus | None:
    """Return how an attempt ended; None where no file says so. Without a number, the newest one."""
    ended, began = _read(run / EXIT_FILE, ExitFile), _read(run / ATTEMPT_FILE, AttemptFile)
    if began is None:
        return None
    if ended is None or ended.attempt != began.attempt:
        return None if attempt is not None else WorkerStatus(state="lost", attempt=began.attempt)
    if attempt is not None and ended.attempt < attempt:
        return None
    return WorkerStatus(
        state="ended",
        attempt=ended.attempt,
        exit_code=ended.code,
        signal=ended.signal,
        is_out_of_memory=ended.signal == 9 and ended.num_oom_kills > 0,
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def _read(path: Path, kind: type[FileT]) -> FileT | None:
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
