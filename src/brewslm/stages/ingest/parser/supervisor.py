"""Starts the parsing process, watches it, and says in one line how it died, if it did."""

import errno
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from brewslm.core.errors import CancelledError, InternalError, SourceError
from brewslm.core.events.reasons import Reason
from brewslm.stages.ingest.parser.order import SAID, Failed, Limits, Order, Parsed, Progress, Refused, Said

LOOK_SECONDS = 0.2
"""Between two looks at cancellation, memory and time."""
MAX_SAID_BYTES = 64 << 20
_COMMAND = [sys.executable, "-P", "-m", "brewslm.stages.ingest.parser"]


@dataclass(slots=True)
class _Watch:
    """What is known of a running process."""

    started_at: float
    moved_at: float
    last: Progress | None = None
    outcome: Parsed | Refused | Failed | None = None
    rest: bytes = b""
    killed_for: str = ""
    file: str = field(default="")


def parse_apart(order: Order, *, progress: Callable[[float, str], None], is_cancelled: Callable[[], bool]) -> Parsed:
    """Parse in a process of its own.

    Raises:
        SourceError: the source cannot be read, or reading it took too much; the reason says which.
        CancelledError: `is_cancelled` said so.
        OSError: the disk is full.
    """
    log = Path(order.scratch) / "parser.log"
    with log.open("wb") as stderr, _start(stderr.fileno(), order) as process:
        watch = _Watch(time.monotonic(), time.monotonic(), file=order.files[0].name)
        try:
            _follow(process, order, watch, progress, is_cancelled)
        finally:
            _kill(process)
    if watch.outcome is not None:
        return _told(watch.outcome, order)
    raise _death(process.returncode, watch, order.limits, log)


def _start(stderr: int, order: Order) -> "subprocess.Popen[bytes]":
    environment = {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "ARROW_IO_THREADS": "1",
    }
    process = subprocess.Popen(
        _COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=environment,
        cwd=order.scratch,
        start_new_session=True,
    )
    assert process.stdin is not None  # noqa: S101 - a pipe was asked for
    try:
        process.stdin.write(order.model_dump_json().encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:  # it has died already, which `_follow` sees
        pass
    return process


def _follow(
    process: "subprocess.Popen[bytes]",
    order: Order,
    watch: _Watch,
    progress: Callable[[float, str], None],
    is_cancelled: Callable[[], bool],
) -> None:
    """Hear the process out; kill it where it takes too much or is cancelled."""
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while watch.outcome is None:
            if is_cancelled():
                rows = f" after {watch.last.num_rows:,} rows" if watch.last is not None else ""
                raise CancelledError(f"Reading {watch.file!r} was cancelled{rows}.")
            if selector.select(LOOK_SECONDS):
                block = os.read(process.stdout.fileno(), 1 << 16)
                if not block:
                    break
                for said in _heard(block, watch):
                    _note(said, watch, progress)
            watch.killed_for = _excess(process.pid, order.limits, watch)
            if watch.killed_for:
                break
    if not watch.killed_for:
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            watch.killed_for = "" if watch.outcome is not None else "time"


def _heard(block: bytes, watch: _Watch) -> list[Said]:
    *lines, watch.rest = (watch.rest + block).split(b"\n")
    if len(watch.rest) > MAX_SAID_BYTES:
        raise InternalError("The parsing process said more than it may. Report it with the file.")
    try:
        return [SAID.validate_json(line) for line in lines]
    except ValidationError as error:
        raise InternalError(f"The parsing process said something unknown: {error}") from error


def _note(said: Said, watch: _Watch, progress: Callable[[float, str], None]) -> None:
    watch.moved_at = time.monotonic()
    if isinstance(said, Progress):
        watch.last, watch.file = said, said.file
        progress(said.fraction, f"{said.num_rows:,} rows")
    else:
        watch.outcome = said


def _excess(pid: int, limits: Limits, watch: _Watch) -> str:
    """Which limit the process is over, if any."""
    import psutil

    now = time.monotonic()
    if now - watch.started_at > limits.seconds:
        return "time"
    if now - watch.moved_at > limits.stall_seconds:
        return "stall"
    try:
        return "memory" if psutil.Process(pid).memory_info().rss > limits.memory_bytes else ""
    except psutil.Error:  # it has just ended
        return ""


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End the whole process group, whatever it does."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        process.kill()
    process.wait()


def _told(outcome: Parsed | Refused | Failed, order: Order) -> Parsed:
    if isinstance(outcome, Parsed):
        return outcome
    if isinstance(outcome, Refused):
        raise SourceError(outcome.message, reason=outcome.reason)
    name = outcome.file or order.files[0].name
    if outcome.cause == "disk_full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), order.draft)
    raise _too_much_memory(name, order.limits) if outcome.cause == "memory" else _crashed(name, outcome.detail)


def _death(returncode: int, watch: _Watch, limits: Limits, log: Path) -> SourceError:
    """Say why a process ended without a last word."""
    name = watch.file
    tail = log.read_bytes()[-4096:].decode("utf-8", "replace")
    if watch.killed_for == "memory" or "bad_alloc" in tail or "MemoryError" in tail:
        return _too_much_memory(name, limits)
    if watch.killed_for == "stall":
        message = f"Reading {name!r} made no progress for {limits.stall_seconds:,.0f} seconds and was stopped."
        return SourceError(f"{message} Convert the file to JSONL or CSV.", reason=Reason.INGESTION_RESOURCE_LIMIT)
    if watch.killed_for == "time" or returncode == -signal.SIGXCPU:
        message = f"Reading {name!r} took more than {limits.seconds:,.0f} seconds and was stopped."
        return SourceError(f"{message} Split it, or raise --max-seconds.", reason=Reason.INGESTION_RESOURCE_LIMIT)
    if returncode == -signal.SIGKILL:
        message = f"The system killed the process that read {name!r}, most likely for lack of memory."
        return SourceError(f"{message} Free memory, then import again.", reason=Reason.INGESTION_RESOURCE_LIMIT)
    how = signal.Signals(-returncode).name if returncode < 0 else f"exit code {returncode}"
    return _crashed(name, " ".join([how, *tail.strip().splitlines()[-1:]]))


def _too_much_memory(name: str, limits: Limits) -> SourceError:
    message = (
        f"Reading {name!r} takes more than {limits.memory_bytes >> 20:,} MiB of memory, so it was stopped. "
        "Check that the file is sound; else convert it to JSONL or CSV, or raise --max-memory-mb."
    )
    return SourceError(message, reason=Reason.INGESTION_RESOURCE_LIMIT)


def _crashed(name: str, detail: str) -> SourceError:
    message = f"The reader of {name!r} failed ({detail[:300]}). Check that the file is sound, or convert it to JSONL."
    return SourceError(message, reason=Reason.INGESTION_PARSER_CRASHED)
