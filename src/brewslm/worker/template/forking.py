"""Forking a worker and its shim of a process that has loaded the libraries.

The fork F forks the worker, which waits at its standard input, and then becomes the shim by `exec`: so the shim is the
same small process as ever, and it is the worker's parent, who waits for it, reads what it says, and takes it along when
it dies. Nothing else in the house sees a difference, `ps` and `/proc` included.
"""

import contextlib
import ctypes
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brewslm.core.wire.forking import MARK, MAX_REQUEST_BYTES, ROOM_BYTES, ForkRequest

PR_SET_PDEATHSIG = 1
NOT_STARTED = 70
_GPUS = ("/dev/nvidia", "/dev/kfd", "/dev/dri")
_LIBC = ctypes.CDLL(None, use_errno=True)


def problem_with_forking() -> str | None:
    """Say why this process must not be forked; None where nothing speaks against it.

    Threads do not survive a fork, and neither does what a GPU's driver keeps. Those of OpenBLAS end before a fork by
    themselves, and so after one that is for nothing all that are left would be lost.
    """
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    if (count := _num_threads()) > 1:
        return f"{count} threads run after the libraries are loaded"
    if any(target.startswith(_GPUS) for target in _open_files().values()):
        return "a library has opened the GPU"
    for start, end in (_room_for_mark(), _command_line()):
        if not start or end - start < ROOM_BYTES:
            return "it cannot take on the looks of a worker"
    return None


@dataclass(frozen=True, slots=True)
class _Born:
    """A shim that was forked here."""

    pid: int
    end: int
    """Open for writing: its exit code goes there."""


class Template:
    """Answers requests, one after the other, and reports the ends of the shims that it has forked."""

    def __init__(
        self,
        connection: socket.socket,
        environment: Mapping[str, str],
        work: Callable[[list[str]], int],
        *,
        idle_seconds: float,
    ) -> None:
        """Keep what children get: `environment` is that of a fresh process, before libraries changed it."""
        self._connection = connection
        self._environment = {name: value for name, value in environment.items() if name != MARK}
        self._work = work
        self._idle_seconds = idle_seconds
        self._born: dict[int, _Born] = {}
        self._own_files = _open_files().keys() - {connection.fileno()}

    def serve(self) -> None:
        """Answer until the engine is gone, or nothing was asked for as long as that may be."""
        leave_at = time.monotonic() + self._idle_seconds
        while (left := leave_at - time.monotonic()) > 0:
            asked = self._connection.fileno()
            ready, _, _ = select.select([asked, *self._born], [], [], left)
            for one in ready:
                if one != asked:
                    self._bury(one)
                elif self._answer():
                    leave_at = time.monotonic() + self._idle_seconds
                else:
                    return

    def _answer(self) -> bool:
        """Fork what is asked for; False where the engine has closed the connection."""
        data, files, _, _ = socket.recv_fds(self._connection, MAX_REQUEST_BYTES, 2)
        if not data:
            return False
        errors, end = files
        request = ForkRequest.model_validate_json(data)
        pid = os.fork()
        if pid == 0:
            self._in_child(request, errors)
        os.close(errors)
        self._born[os.pidfd_open(pid)] = _Born(pid, end)
        _tell(end, pid)
        return True

    def _bury(self, pidfd: int) -> None:
        born = self._born.pop(pidfd)
        _, status = os.waitpid(born.pid, 0)
        _tell(born.end, os.waitstatus_to_exitcode(status))
        os.close(born.end)
        os.close(pidfd)

    def _in_child(self, request: ForkRequest, errors: int) -> None:
        """Be the process that becomes the shim; never returns."""
        try:
            os.setsid()
            os.chdir(request.run_directory)
            os.dup2(errors, 2)
            environment = self._environment | request.environment
            adopted = self._fork_worker(request)
            for name in (signal.SIGPIPE, signal.SIGXFSZ):  # ignored by Python, which `subprocess` undoes, too
                signal.signal(name, signal.SIG_DFL)
            os.execve(request.shim[0], [*request.shim, "--adopt", *map(str, adopted)], environment)  # noqa: S606 - no shell is wanted
        except OSError as error:
            os.write(2, f"{error}\n".encode())
        finally:
            os._exit(NOT_STARTED)

    def _fork_worker(self, request: ForkRequest) -> tuple[int, int, int]:
        """Return the worker's id, and the ends of its standard input and output that its shim inherits."""
        parent = os.getpid()
        (its_input, our_input), (our_output, its_output) = os.pipe(), os.pipe()
        pid = os.fork()
        if pid == 0:
            _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(NOT_STARTED)
            for number, file in enumerate((its_input, its_output, its_output)):
                os.dup2(file, number)
            self._be_worker(request)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        os.set_inheritable(our_input, True)
        os.set_inheritable(our_output, True)
        return pid, our_input, our_output

    def _be_worker(self, request: ForkRequest) -> None:
        """Wait for the shim's word, take on the worker's looks, and work; never returns."""
        code = NOT_STARTED
        try:
            os.setpgid(0, 0)
            for file in _open_files().keys() - self._own_files:
                if file > 2:
                    os.close(file)
            if os.read(0, 1):
                _appear_as(request)
                code = self._work(list(request.worker[-2:]))
        except BaseException:  # noqa: BLE001 - the edge of a process
            traceback.print_exc()
            code = 1
        finally:
            with contextlib.suppress(OSError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)


def _appear_as(request: ForkRequest) -> None:
    """Have command line and environment of this process be those of a fresh one, for the system and for libraries."""
    mark = f"{MARK}={request.run_directory}".encode()
    _overwrite(*_room_for_mark(), mark)
    _overwrite(*_command_line(), b"\0".join(word.encode() for word in request.worker))
    os.environ.update(request.environment)
    os.environ[MARK] = request.run_directory
    sys.argv = list(request.worker[-2:])
    np.random.seed()  # Python does so for `random`


def _overwrite(start: int, end: int, content: bytes) -> None:
    """Put this into the memory from which the system reads it."""
    size = end - start
    ctypes.memmove(start, content[: size - 1].ljust(size, b"\0"), size)


def _command_line() -> tuple[int, int]:
    """Return where this process's command line lies, as proc(5) has it."""
    fields = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return int(fields[45]), int(fields[46])


def _room_for_mark() -> tuple[int, int]:
    """Return where the place lies that the engine has left in the environment for the mark; 0 and 0 without one."""
    _LIBC.getenv.restype = ctypes.c_void_p
    value = _LIBC.getenv(MARK.encode())
    if value is None:
        return 0, 0
    start = value - len(MARK) - 1
    return start, value + len(ctypes.string_at(value)) + 1


def _num_threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def _open_files() -> dict[int, str]:
    found = {}
    for link in list(Path("/proc/self/fd").iterdir()):
        with contextlib.suppress(OSError):  # the one that lists them
            found[int(link.name)] = str(link.readlink())
    return found


def _tell(file: int, number: int) -> None:
    """Tell the engine, if it still wants to know."""
    with contextlib.suppress(OSError):
        os.write(file, b"%d\n" % number)
