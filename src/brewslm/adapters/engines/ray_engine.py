"""The side of the Ray engine that runs here: hands attempts in, watches and ends them, and loads nothing of Ray."""

import getpass
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

from brewslm.adapters.engines import shim
from brewslm.adapters.engines.exposure import open_listeners
from brewslm.adapters.engines.gang import BEGUN_FILE, STACKS_FILE, gang_folder
from brewslm.adapters.engines.local import STACKS_SECONDS
from brewslm.adapters.engines.ray_jobs import GONE, ClusterSilentError, JobState, RayJobs
from brewslm.adapters.files.atomic import write_atomically
from brewslm.adapters.files.turns import turn
from brewslm.core.engines.settings import RaySettings
from brewslm.core.errors import WorkerError
from brewslm.core.ports.engine import Released, WorkerStatus
from brewslm.core.ports.engines.clusters import ClusterLook
from brewslm.core.value import Value
from brewslm.core.wire.attempt import AttemptFile, ExitFile
from brewslm.core.wire.rundir import ATTEMPT_FILE, BEAT_FILE, CANCEL_FILE, CONTROL_FOLDER, EXIT_FILE

FileT = TypeVar("FileT", bound=Value)

SUBMISSION_FILE, TURN_FILE = "submission.json", "submission.lock"
_SOURCE = str(Path(__file__).resolve().parents[3])
ASK_EVERY_SECONDS = 1.0
SILENT_SECONDS = 90.0
"""How long a cluster may be silent, without a beat of the shim either, before its attempt is lost.

Nodes give up a head that is gone after 60 to 70 s (measured), and all that ran on them ends.
"""
LATE_SECONDS = 5.0
"""How much later than the end of its job an attempt's `exit.json` may be seen, on storage that nodes share."""
END_SECONDS = 20.0
"""What the cluster gets to end a job that was told to: three seconds of its own, and the time to notice."""
POLL_SECONDS = 0.1


class Submission(Value):
    """`submission.json`: written before the cluster is asked to take an attempt, so that it is never asked for two."""

    attempt: int
    name: str
    """Of the job, chosen here."""
    is_taken: bool = False
    """Whether the cluster has said that it has it."""


@dataclass(slots=True)
class _Watched:
    """What is known of a job, by this process's own clock."""

    state: JobState | None = None
    """None while the cluster has not answered."""
    problem: str = ""
    """Why the cluster did not answer the last time."""
    asked_at: float = -1e9
    heard_at: float = 0.0
    """When it last answered, or the shim gave a beat."""
    over_at: float | None = None
    beat: str = ""


class RayEngine:
    """Implements `ClusterEngine`. Holds no state that matters: another process sees the same."""

    def __init__(self, settings: RaySettings, *, environment: Mapping[str, str], python: str = sys.executable) -> None:
        """Keep where the cluster is.

        Args:
            settings: the cluster.
            environment: of this process; the cluster's token is in it.
            python: the interpreter on the nodes where `settings` name none.

        Raises:
            WorkerError: the address is none of a dashboard.
        """
        self._settings = settings
        self._jobs = RayJobs(settings, environment)
        self._python = settings.python or python
        self._watched: dict[str, _Watched] = {}
        self._guard = threading.Lock()

    def submit(self, run_directory: Path, *, attempt: int) -> None:
        """Hand in attempt number `attempt`. Does nothing if one waits or lives, or if that attempt has been before.

        Raises:
            WorkerError: the cluster does not take it. One that does not answer is waited for where it has answered
                before, at an earlier attempt.
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
        try:
            self._jobs.version()
        except ClusterSilentError:
            if attempt == 1:
                raise
        name = f"brewslm-{run.name}-{attempt}-{uuid.uuid4().hex[:12]}"
        made = Submission(attempt=attempt, name=name)
        try:
            write_atomically(run / SUBMISSION_FILE, made.model_dump_json().encode())
            self._hand_in(run, made)
        except ClusterSilentError:
            return  # it may have it; whoever looks next asks again, under the same name
        except WorkerError:
            (run / SUBMISSION_FILE).unlink(missing_ok=True)
            raise

    def status(self, run_directory: Path) -> WorkerStatus:
        """Read what is known; asks the cluster once a second at most, and waits for its answer 3 s at most."""
        run = run_directory.resolve()
        made = _read(run / SUBMISSION_FILE, Submission)
        if made is None:
            return _ended(run, None) or WorkerStatus(state="absent", attempt=0)
        if ended := _ended(run, made.attempt):
            return ended
        watched = self._looked_at(run, made)
        return _ended(run, made.attempt) or _judged(run, made, watched)

    def cancel(self, run_directory: Path, *, grace_seconds: float) -> Released:
        """Ask politely, wait up to `grace_seconds`, then stop the job and wait for its end.

        Raises:
            WorkerError: nobody can say that it has ended.
        """
        run = run_directory.resolve()
        status = self.status(run)
        if status.state == "alive":
            _ask_to_end(run, grace_seconds)
            self._is_over_within(run, grace_seconds + shim.TERM_SECONDS)
        if status.is_open:
            self._stop(run)
        ended = _ended(run, status.attempt)
        return Released(num_processes=0, memory_bytes=0, is_killed=ended is not None and ended.signal is not None)

    def processor_seconds(self, run_directory: Path) -> float | None:  # noqa: ARG002 - the port has it
        """Return None: what processes on other machines use is not known here."""
        return None

    def kill(self, run_directory: Path) -> None:
        """End an attempt that does not get on: have its processes write their stacks into its log, then end them all.

        Raises:
            WorkerError: nobody can say that it has ended.
        """
        run = run_directory.resolve()
        if (status := self.status(run)).is_open:
            folder = gang_folder(run, status.attempt)
            if folder.is_dir():
                (folder / STACKS_FILE).touch()
                self._is_over_within(run, STACKS_SECONDS)
            _ask_to_end(run, 0.0)  # the shim obeys also where the dashboard is away
            self._stop(run)

    def look(self) -> ClusterLook:
        """Ask the cluster; takes some seconds at most, and never raises for what the cluster says."""
        most = self._settings.max_jobs
        try:
            version = self._jobs.version()
            nodes = [one for one in self._jobs.listed("/api/v0/nodes") if one.get("state") == "ALIVE"]
            mine = [
                one.get("status")
                for one in self._jobs.listed("/api/jobs/")
                if (one.get("metadata") or {}).get("brewslm") == getpass.getuser()
            ]
        except WorkerError as error:
            is_silent = isinstance(error, ClusterSilentError)
            return ClusterLook(name="ray", problem=str(error), is_reachable=not is_silent, max_jobs=most)
        return ClusterLook(
            name="ray",
            is_reachable=True,
            facts=(
                f"Ray {version} at {self._jobs.address}",
                "open to everyone" if self._settings.allow_without_token else "guarded by a token",
                f"{len(nodes)} nodes with {_total(nodes, 'CPU'):g} processors and {_total(nodes, 'GPU'):g} GPUs",
                *(f"listens beyond this machine: {one}" for one in self._open_here()),
            ),
            num_waiting=mine.count("PENDING"),
            num_running=mine.count("RUNNING"),
            max_jobs=most,
        )

    def _open_here(self) -> tuple[str, ...]:
        return open_listeners() if self._jobs.is_here() else ()

    def _hand_in(self, run: Path, made: Submission) -> None:
        python, attempt = [self._python, "-P", "-m"], str(made.attempt)
        interface = [] if self._settings.network_interface is None else [self._settings.network_interface]
        driver = [*python, "brewslm.adapters.engines.ray", str(run), attempt, self._python, *interface]
        command = [*python, "brewslm.adapters.engines.shim", str(run), attempt, *driver]
        runtime: dict[str, object] = {"env_vars": {"PYTHONPATH": _SOURCE}}
        if self._settings.python is not None:
            runtime["py_executable"] = self._settings.python
        about = {"brewslm": getpass.getuser(), "run_directory": str(run)}
        self._jobs.submit(made.name, f"exec {shlex.join(command)}", runtime=runtime, about=about)
        self._keep(run, made)

    def _settle(self, run: Path, made: Submission, state: JobState) -> JobState:
        """Hand in what the cluster does not know, unless that is being done; note of the rest that it has it."""
        with turn(run / TURN_FILE, should_wait=False) as is_ours:
            if not is_ours or _read(run / SUBMISSION_FILE, Submission) != made:
                return JobState("PENDING") if state.status == GONE else state
            if state.status == GONE:
                self._hand_in(run, made)
                return JobState("PENDING")
            self._keep(run, made)
            return state

    def _keep(self, run: Path, made: Submission) -> None:
        """Note that the cluster has it."""
        write_atomically(run / SUBMISSION_FILE, made.model_copy(update={"is_taken": True}).model_dump_json().encode())

    def _looked_at(self, run: Path, made: Submission) -> _Watched:
        """Ask the cluster, unless that was done a moment ago; hand in again what it has never said to have."""
        now = time.monotonic()
        with self._guard:
            watched = self._watched.setdefault(made.name, _Watched(heard_at=now))
            if now < watched.asked_at + ASK_EVERY_SECONDS:
                return watched
            watched.asked_at = now
        if (beat := _beat(run)) != watched.beat:
            watched.beat, watched.heard_at = beat, now
        try:
            state = self._jobs.state(made.name)
            if not made.is_taken:
                state = self._settle(run, made, state)
        except (WorkerError, OSError) as error:
            watched.problem = str(error)
            return watched
        if state.is_over and watched.over_at is None:
            watched.over_at = now
        watched.state, watched.problem, watched.heard_at = state, "", now
        return watched

    def _stop(self, run: Path) -> None:
        made = _read(run / SUBMISSION_FILE, Submission)
        if made is None:
            return
        problem = ""
        try:
            self._jobs.stop(made.name)
        except WorkerError as error:
            problem = f" {error}"
        if not self._is_over_within(run, END_SECONDS):
            message = f"The job {made.name!r} of {str(run)!r} does not end; stop it with `ray job stop`.{problem}"
            raise WorkerError(message)

    def _is_over_within(self, run: Path, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while (status := self.status(run)).is_open:
            made = _read(run / SUBMISSION_FILE, Submission)
            watched = self._watched.get(made.name) if made is not None else None
            if watched is not None and watched.over_at is not None:
                watched.over_at = -LATE_SECONDS  # it was told to end, so there is nothing to wait for
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
        return not status.is_open


def _judged(run: Path, made: Submission, watched: _Watched) -> WorkerStatus:
    """Say how an attempt without an end is."""
    now = time.monotonic()
    lost = WorkerStatus(state="lost", attempt=made.attempt)
    if watched.over_at is not None and now >= watched.over_at + LATE_SECONDS:
        return lost
    if watched.problem and made.is_taken and now >= watched.heard_at + SILENT_SECONDS:
        return lost
    if (gang_folder(run, made.attempt) / BEGUN_FILE).exists() or watched.over_at is not None:
        return WorkerStatus(state="alive", attempt=made.attempt)
    waits_for = watched.problem
    if not waits_for and watched.state is not None:
        is_running = watched.state.status == "RUNNING"
        waits_for = "the cluster has no room for its processes yet" if is_running else watched.state.message
    return WorkerStatus(state="waiting", attempt=made.attempt, waits_for=waits_for or "the cluster has not begun it")


def _ended(run: Path, attempt: int | None) -> WorkerStatus | None:
    """Return how an attempt ended; None where no file says so. Without a number, the newest one."""
    ended = _read(run / EXIT_FILE, ExitFile)
    began = _read(run / ATTEMPT_FILE, AttemptFile)
    if ended is None or began is None or ended.attempt != (began.attempt if attempt is None else attempt):
        return None
    return WorkerStatus(state="ended", attempt=ended.attempt, exit_code=ended.code, signal=ended.signal)


def _ask_to_end(run: Path, grace_seconds: float) -> None:
    (run / CONTROL_FOLDER).mkdir(exist_ok=True)
    write_atomically(run / CONTROL_FOLDER / CANCEL_FILE, f"{grace_seconds:.3f}".encode())


def _beat(run: Path) -> str:
    try:
        return (run / BEAT_FILE).read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def _read(path: Path, kind: type[FileT]) -> FileT | None:
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _total(nodes: list[dict[str, object]], name: str) -> float:
    found = [node.get("resources_total") for node in nodes]
    return sum(float(one.get(name, 0)) for one in found if isinstance(one, dict))
