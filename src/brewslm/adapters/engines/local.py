"""The local engine: workers on this machine, each under a shim, found again by their run directories alone."""

import contextlib
import fcntl
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import psutil
from pydantic import ValidationError

from brewslm.adapters.engines import ranks, shim
from brewslm.adapters.engines.placing import placement_of
from brewslm.adapters.engines.processes import Processes
from brewslm.adapters.engines.templates import ForkedShim, Templates
from brewslm.core.errors import WorkerError
from brewslm.core.events.reasons import Reason
from brewslm.core.ports.engine import Released, WorkerStatus
from brewslm.core.value import Value
from brewslm.core.wire.attempt import AttemptFile, ExitFile
from brewslm.core.wire.forking import ForkRequest
from brewslm.core.wire.rundir import ATTEMPT_FILE, CANCEL_FILE, CONTROL_FOLDER, DEVICE_FILE, EXIT_FILE, LOCK_FILE

FileT = TypeVar("FileT", bound=Value)

ALLOWED_ENVIRONMENT = frozenset(
    {"PATH", "HOME", "USER", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV"}
)
ALLOWED_PREFIXES = ("LC_", "CUDA_", "NVIDIA_", "XDG_CACHE_", "HF_HOME", "HF_HUB_CACHE")
_MEMORY_SETTINGS = {
    # Memory of a step is kept for the next one instead of going back to the system and being cleared again (glibc).
    "MALLOC_TOP_PAD_": str(256 << 20),
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(16 << 30),
    # Tensors lie in pages of 2 MiB: matrix products are a few per cent faster (torch asks the kernel for them).
    "THP_MEM_ALLOC_ENABLE": "1",
}
_VISIBLE = "CUDA_VISIBLE_DEVICES"
START_SECONDS = 10.0
STACKS_SECONDS = 1.0
"""What a worker that hangs gets to write its stacks."""
END_SECONDS = 5.0
"""How long the end of a killed group may take."""
POLL_SECONDS = 0.02


class LocalEngine:
    """Starts workers on this machine. Holds no state that matters: another process with another one sees the same."""

    def __init__(
        self,
        *,
        environment: Mapping[str, str],
        python: str = sys.executable,
        num_threads: int | None = None,
        templates: Templates | None = None,
    ) -> None:
        """Keep what workers are started with.

        Args:
            environment: the environment of this process; workers get an allow-listed part of it.
            python: the interpreter that has the training libraries.
            num_threads: threads of a worker; None takes every core that this process may use.
            templates: what workers are forked of where that can be; None starts each as a process of its own.
        """
        self._templates = templates
        self._python = python
        self._num_threads = num_threads or num_cores()
        self._environment = worker_environment(environment, self._num_threads)
        self._shims: list[subprocess.Popen[bytes]] = []
        self._guard = threading.Lock()

    def submit(self, run_directory: Path, *, attempt: int) -> None:
        """Start attempt number `attempt`. Does nothing if one is alive, or if that attempt has been before.

        Raises:
            WorkerError: the process could not be started.
        """
        run = run_directory.resolve()
        self._reap()
        try:
            started = self._start(run, attempt)
        except OSError as error:
            message = f"The worker of {str(run)!r} could not be started: {error}. Check the folder and the interpreter."
            raise WorkerError(message) from error
        _wait_for_start(started, run, attempt)

    def _start(self, run: Path, attempt: int) -> "subprocess.Popen[bytes] | ForkedShim":
        worker: tuple[str, ...] = (self._python, "-P", "-m", "brewslm.worker", str(run), str(attempt))
        num = placement_of(run).num_processes
        command = (self._python, "-S", "-E", "-s", str(Path(shim.__file__)), str(run), str(attempt))
        own = device_environment(run, self._environment.get(_VISIBLE))
        if num > 1:
            worker = (self._python, "-S", "-E", "-s", str(Path(ranks.__file__)), "local", str(num), *worker)
            own |= thread_environment(self._num_threads // num)
        elif self._templates is not None and run.is_dir():
            wanted = ForkRequest(run_directory=str(run), shim=command, worker=worker, environment=own)
            forked = self._templates.fork(self._python, self._environment, wanted)
            if forked is not None:
                return forked
        started = subprocess.Popen(
            [*command, *worker],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=self._environment | own,
            cwd=run,
        )
        with self._guard:
            self._shims.append(started)
        return started

    def status(self, run_directory: Path) -> WorkerStatus:
        """Read what is known; never blocks."""
        self._reap()
        is_alive = is_locked(run_directory)
        began = _read(run_directory / ATTEMPT_FILE, AttemptFile)
        if began is None:
            return WorkerStatus(state="alive" if is_alive else "absent", attempt=0)
        if is_alive:
            return WorkerStatus(state="alive", attempt=began.attempt)
        ended = _read(run_directory / EXIT_FILE, ExitFile)
        if ended is None or ended.attempt != began.attempt:
            return WorkerStatus(state="lost", attempt=began.attempt)
        return WorkerStatus(
            state="ended",
            attempt=began.attempt,
            exit_code=ended.code,
            signal=ended.signal,
            is_out_of_memory=ended.signal == signal.SIGKILL and ended.num_oom_kills > 0,
        )

    def cancel(self, run_directory: Path, *, grace_seconds: float) -> Released:
        """Ask politely, wait up to `grace_seconds`, then end the whole process group and wait for its end.

        Whatever the attempt has started and left behind is ended as well.
        """
        run = run_directory.resolve()
        began = self._living(run)
        before = Processes.under(began.shim_pid) if began is not None else Processes(())
        if is_locked(run):
            self._ask_to_end(run, grace_seconds)
        if not is_locked(run):  # nobody has begun a new attempt, whose processes bear the same mark
            shim.kill_survivors(str(run))
        num_left = before.end(within_seconds=END_SECONDS)
        ended = _read(run / EXIT_FILE, ExitFile)
        return Released(
            num_processes=len(before.all) - num_left,
            memory_bytes=before.memory_bytes,
            is_killed=ended is not None and ended.signal == signal.SIGKILL,
            num_left=num_left,
        )

    def _ask_to_end(self, run: Path, grace_seconds: float) -> None:
        request = run / CONTROL_FOLDER / CANCEL_FILE
        request.parent.mkdir(exist_ok=True)
        temporary = request.with_name(f".{CANCEL_FILE}.{os.getpid()}")
        temporary.write_text(f"{grace_seconds:.3f}", encoding="ascii")
        temporary.replace(request)
        if not self._is_free_within(run, grace_seconds + shim.TERM_SECONDS + END_SECONDS):
            self._end(run)

    def processor_seconds(self, run_directory: Path) -> float | None:
        """Return the processor time of the living worker so far; None where it cannot be known."""
        began = self._living(run_directory.resolve())
        if began is None:
            return None
        try:
            worker = psutil.Process(began.worker_pid)
            used = [worker.cpu_times()]
            if placement_of(run_directory).num_processes > 1:
                used += [one.cpu_times() for one in worker.children()]
        except psutil.Error:
            return None
        return float(sum(one.user + one.system for one in used))

    def kill(self, run_directory: Path) -> None:
        """End a worker that does not get on: have it write its stacks into its log, then end the whole group."""
        run = run_directory.resolve()
        began = self._living(run)
        if began is None:
            return
        if hasattr(signal, "SIGUSR1"):
            with contextlib.suppress(OSError):
                os.kill(began.worker_pid, signal.SIGUSR1)
            self._is_free_within(run, STACKS_SECONDS)
        self._end(run)

    def _end(self, run: Path) -> None:
        """Kill shim and worker of an attempt; the held lock says that they are its own."""
        began = self._living(run)
        if began is not None:
            with contextlib.suppress(OSError):
                os.killpg(began.worker_pid, signal.SIGKILL)
            if not self._is_free_within(run, END_SECONDS) and _is_shim(began.shim_pid):
                with contextlib.suppress(OSError):
                    os.kill(began.shim_pid, signal.SIGKILL)
        if not self._is_free_within(run, END_SECONDS):
            message = f"The worker of {str(run)!r} does not end, even by SIGKILL; look at its processes."
            raise WorkerError(message)

    def _living(self, run: Path) -> AttemptFile | None:
        """Return the attempt whose shim holds the lock of this start of the machine."""
        began = _read(run / ATTEMPT_FILE, AttemptFile) if is_locked(run) else None
        return began if began is not None and began.boot_id == shim.boot_id() else None

    def _is_free_within(self, run: Path, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while is_locked(run):
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
        self._reap()
        return True

    def _reap(self) -> None:
        """Collect the shims that have ended, so that no zombies pile up."""
        with self._guard:
            self._shims = [child for child in self._shims if child.poll() is None]
        if self._templates is not None:
            self._templates.reap()


def worker_environment(environment: Mapping[str, str], num_threads: int) -> dict[str, str]:
    """Return what a worker gets to see: the allow-listed part, the number of threads, and no way to the network."""
    kept = {
        name: value
        for name, value in environment.items()
        if name in ALLOWED_ENVIRONMENT or name.startswith(ALLOWED_PREFIXES)
    }
    return kept | {
        **thread_environment(num_threads),
        # Measured: as fast as the default on a quiet machine, three times faster on a busy one.
        "GOMP_SPINCOUNT": "10000",
        **_MEMORY_SETTINGS,
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONPATH": str(Path(__file__).resolve().parents[3]),
        "PYTHONNOUSERSITE": "1",
        "PYTHONUNBUFFERED": "1",
    }


def thread_environment(num_threads: int) -> dict[str, str]:
    """Return what tells a worker how many threads to compute with, one at least."""
    return {name: str(max(num_threads, 1)) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}


def device_environment(run: Path, visible: str | None) -> dict[str, str]:
    """Return what shows a worker the one GPU that its run directory names, of those that are visible here."""
    try:
        number = int((run / DEVICE_FILE).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    names = visible.split(",") if visible else []
    return {_VISIBLE: names[number] if number < len(names) else str(number)}


def is_locked(run_directory: Path) -> bool:
    """Whether an attempt holds the lock of this run directory."""
    try:
        lock = os.open(run_directory / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _wait_for_start(started: "subprocess.Popen[bytes] | ForkedShim", run: Path, attempt: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    assert started.stderr is not None  # noqa: S101 - for the type checker
    with started.stderr as errors:
        while True:
            began = _read(run / ATTEMPT_FILE, AttemptFile)
            if began is not None and began.attempt >= attempt:
                return
            if started.poll() is not None:
                break
            if time.monotonic() >= deadline:
                started.kill()
                break
            time.sleep(POLL_SECONDS)
        if started.wait() in (shim.EXIT_LOCK_TAKEN, shim.EXIT_STALE_ATTEMPT):
            return
        said = errors.read().decode(errors="replace").strip() or f"no start within {math.ceil(START_SECONDS)} s"
    reason = Reason.TRAINING_DISK_FULL if started.returncode == shim.EXIT_DISK_FULL else None
    message = f"The worker of {str(run)!r} could not be started: {said}. See worker.log there."
    raise WorkerError(message, reason=reason)


def _read(path: Path, kind: type[FileT]) -> FileT | None:
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _is_shim(pid: int) -> bool:
    try:
        return Path(shim.__file__).name.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return not Path("/proc").exists()


def num_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
