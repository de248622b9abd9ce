"""The shim: starts one attempt of a worker, beats once a second, and writes down how it ended.

Standard library only and single-threaded (the parent-death signal follows the thread that started the worker). It runs
as `python -S -E -s shim.py RUN_DIRECTORY ATTEMPT COMMAND…` in a session of its own, so that server and CLI may die.
Instead of a command, `--adopt PID INPUT OUTPUT` names a child that waits to become the worker, and its pipes.
The file names are those of `core/wire/rundir.py`, which cannot be imported without `site`; a test compares them.
"""

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path

LOCK_FILE, BEAT_FILE, ATTEMPT_FILE, EXIT_FILE = "lock", "beat", "attempt.json", "exit.json"
WORKER_LOG_FILE, CANCEL_FILE, CONTROL_FOLDER = "worker.log", "cancel", "control"

EXIT_NOT_STARTED, EXIT_DISK_FULL, EXIT_LOCK_TAKEN, EXIT_STALE_ATTEMPT = 70, 73, 75, 76
MARK = "BREWSLM_WORKER_OF"
"""In the environment of the worker and of all that it starts; names the run directory."""

LOCK_PATIENCE_SECONDS = 1.0
"""A status probe holds the lock for a moment; a living shim holds it for good."""
BEAT_SECONDS, POLL_SECONDS = 1.0, 0.25
DEFAULT_GRACE_SECONDS, TERM_SECONDS = 20.0, 10.0
LOG_BYTES = 2_500_000
"""Of each of the two halves, `worker.log` and the older `worker.log.1`."""
RESERVED_BYTES = 4096
PR_SET_PDEATHSIG = 1


def take_lock() -> int | None:
    """Lock the run directory; None where another attempt holds it."""
    lock = os.open(LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return None
            time.sleep(0.01)
        else:
            return lock


def newest_attempt() -> int:
    """Return the number of the attempt that was started last, 0 where there was none."""
    try:
        return int(json.loads(Path(ATTEMPT_FILE).read_bytes())["attempt"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def kill_survivors(run_directory: str) -> bool:
    """Kill what older attempts started and left behind; grandchildren do not inherit the parent-death signal.

    Returns whether all of it is gone.
    """
    mark = f"{MARK}={run_directory}".encode()
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline:
        found = [pid for pid in _process_ids() if pid != os.getpid() and mark in _environment_of(pid)]
        if not found:
            return True
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    return False


def _process_ids() -> list[int]:
    try:
        return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    except OSError:
        return []


def _environment_of(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def boot_id() -> str:
    """Return what tells one start of the machine from the next; empty where it cannot be known."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def num_oom_kills() -> int:
    """Return how many processes of this control group the kernel has killed for want of memory; 0 where not known."""
    try:
        groups = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()]
    except (OSError, ValueError):
        return 0
    root, counted = Path("/sys/fs/cgroup"), 0
    for _, controllers, path in groups:
        if controllers == "":
            counted += _counter(root / path.lstrip("/") / "memory.events")
        elif "memory" in controllers.split(","):
            counted += _counter(root / "memory" / path.lstrip("/") / "memory.oom_control")
    return counted


def _counter(path: Path) -> int:
    try:
        fields = dict(line.split(None, 1) for line in path.read_text(encoding="ascii").splitlines())
        return int(fields.get("oom_kill", 0))
    except (OSError, ValueError):
        return 0


def write_json(name: str, content: dict[str, object]) -> None:
    """Write a file so that it is either absent or whole: over what was reserved, fsync, rename, fsync the folder."""
    temporary = name + ".tmp"
    file = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        data = json.dumps(content).encode()
        os.pwrite(file, data, 0)
        os.ftruncate(file, len(data))
        os.fsync(file)
    finally:
        os.close(file)
    Path(temporary).replace(name)
    folder = os.open(".", os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def reserve(name: str) -> None:
    """Take the disk blocks of a later small file now, so that a full disk cannot keep the end untold."""
    file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(file, b" " * RESERVED_BYTES, 0)
        os.fsync(file)
    finally:
        os.close(file)


def start_worker(command: list[str], run_directory: str, lock: int) -> subprocess.Popen[bytes]:
    """Start the worker in its own process group, so that it dies with this process.

    Where the kernel cannot do that, the worker inherits the lock, so that no second one starts beside it.
    """
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    parent = os.getpid()

    def die_with_parent() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        env={**os.environ, MARK: run_directory},
        pass_fds=() if libc is not None else (lock,),
        process_group=0,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - safe: this process has one thread
    )


class Adopted:
    """A worker that was forked before this process became the shim; it waits for a word."""

    def __init__(self, pid: int, standard_input: int, standard_output: int) -> None:
        self.pid = pid
        self.stdin = open(standard_input, "wb", buffering=0)  # noqa: SIM115 - open as long as this process
        self.stdout = open(standard_output, "rb", buffering=0)  # noqa: SIM115
        self.returncode: int | None = None

    def begin(self) -> None:
        """Let it work."""
        self.stdin.write(b"\n")


def bring_worker(command: list[str], run_directory: str, lock: int) -> "subprocess.Popen[bytes] | Adopted":
    """Start the worker, or let the one that waits begin."""
    if command[0] != "--adopt":
        return start_worker(command, run_directory, lock)
    adopted = Adopted(*map(int, command[1:]))
    adopted.begin()
    return adopted


class CappedLog:
    """Appends to `worker.log`; when that is full it becomes `worker.log.1`. What cannot be written is dropped."""

    def __init__(self) -> None:
        self._file = os.open(WORKER_LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def write(self, data: bytes) -> None:
        """Append; a full disk must neither stop the worker nor this process."""
        with contextlib.suppress(OSError):
            if os.fstat(self._file).st_size + len(data) > LOG_BYTES:
                os.close(self._file)
                Path(WORKER_LOG_FILE).replace(WORKER_LOG_FILE + ".1")
                self._file = os.open(WORKER_LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            os.write(self._file, data)


class Ending:
    """Ends the worker's group step by step: its own time after a request, then SIGTERM, then SIGKILL."""

    def __init__(self) -> None:
        self.group = 0
        """The process group of the worker."""
        self._steps: list[tuple[float, signal.Signals]] = []
        self._is_asked = False
        self.is_told_to_stop = False
        """Set by SIGTERM to this process, as at the shutdown of the machine."""

    def tick(self, now: float) -> None:
        """Look for a request, and send the signal that is due."""
        if not self._is_asked and (self.is_told_to_stop or Path(CONTROL_FOLDER, CANCEL_FILE).exists()):
            self._is_asked = True
            term_at = now if self.is_told_to_stop else now + _grace_seconds()
            self._steps = [(term_at, signal.SIGTERM), (term_at + TERM_SECONDS, signal.SIGKILL)]
        if self._steps and now >= self._steps[0][0]:
            _, sent = self._steps.pop(0)
            with contextlib.suppress(OSError):
                os.killpg(self.group, sent)


def _grace_seconds() -> float:
    try:
        return float(Path(CONTROL_FOLDER, CANCEL_FILE).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return DEFAULT_GRACE_SECONDS


def beat(attempt: int) -> None:
    """Say that this process lives: the time of the file and its content change."""
    with contextlib.suppress(OSError):
        file = os.open(BEAT_FILE, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.utime(file)
            os.pwrite(file, f"{attempt} {time.monotonic():018.3f}\n".encode(), 0)
        finally:
            os.close(file)


def watch(worker: "subprocess.Popen[bytes] | Adopted", attempt: int, ending: Ending) -> tuple[int, int]:
    """Beat, keep the log and obey until the worker has ended; return its wait status and peak memory in bytes."""
    log, selector = CappedLog(), selectors.DefaultSelector()
    ending.group = worker.pid
    assert worker.stdout is not None  # noqa: S101 - for the type checker
    output = worker.stdout.fileno()
    os.set_blocking(output, False)
    selector.register(output, selectors.EVENT_READ)
    if hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError):
            selector.register(os.pidfd_open(worker.pid), selectors.EVENT_READ)
    next_beat = 0.0
    while True:
        if any(key.fd == output for key, _ in selector.select(POLL_SECONDS)) and not _copy(output, log):
            selector.unregister(output)
        if os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            with contextlib.suppress(OSError):
                os.killpg(worker.pid, signal.SIGKILL)
            _copy(output, log)
            _, status, usage = os.wait4(worker.pid, 0)
            worker.returncode = os.waitstatus_to_exitcode(status)
            return status, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        now = time.monotonic()
        if now >= next_beat:
            beat(attempt)
            next_beat = now + BEAT_SECONDS
        ending.tick(now)


def _copy(output: int, log: CappedLog) -> bool:
    """Copy what there is to read; False at the end of the output."""
    with contextlib.suppress(BlockingIOError):
        for _ in range(64):
            data = os.read(output, 65536)
            if not data:
                return False
            log.write(data)
    return True


def run(run_directory: str, attempt: int, command: list[str]) -> int:
    """Run one attempt from lock to exit file; return this process's own exit code."""
    os.chdir(run_directory)
    lock = take_lock()
    if lock is None:
        return EXIT_LOCK_TAKEN
    if newest_attempt() >= attempt:
        return EXIT_STALE_ATTEMPT
    if not kill_survivors(run_directory):
        return EXIT_LOCK_TAKEN
    with contextlib.suppress(OSError):
        for request in Path(CONTROL_FOLDER).iterdir():
            request.unlink()
    reserve(ATTEMPT_FILE + ".tmp")
    reserve(EXIT_FILE + ".tmp")
    started_at, ending, num_killed = time.time(), Ending(), num_oom_kills()
    signal.signal(signal.SIGTERM, lambda *_: setattr(ending, "is_told_to_stop", True))
    worker = bring_worker(command, run_directory, lock)
    identity = {"attempt": attempt, "boot_id": boot_id(), "shim_pid": os.getpid(), "worker_pid": worker.pid}
    write_json(ATTEMPT_FILE, {**identity, "started_at": started_at})
    with Path(os.devnull).open("rb+") as nothing:
        os.dup2(nothing.fileno(), 2)
    status, peak = watch(worker, attempt, ending)
    code = os.waitstatus_to_exitcode(status)
    how = {"code": code if code >= 0 else None, "signal": -code if code < 0 else None, "max_rss_bytes": peak}
    num_killed = max(0, num_oom_kills() - num_killed)
    write_json(EXIT_FILE, {"attempt": attempt, **how, "num_oom_kills": num_killed, "ended_at": time.time()})
    return 0


def main() -> int:
    """Read the command line, run, and say in one line why a worker could not be started."""
    try:
        return run(os.path.realpath(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
    except (OSError, subprocess.SubprocessError) as error:
        with contextlib.suppress(OSError):
            os.write(2, f"{error}\n".encode())
        is_full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        return EXIT_DISK_FULL if is_full else EXIT_NOT_STARTED


if __name__ == "__main__":
    sys.exit(main())
