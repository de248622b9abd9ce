"""How a worker fails: a typed exit code and one clear line."""

import errno
from collections.abc import Callable
from typing import ClassVar

from brewslm.core.errors import ArtifactDamagedError, BrewError
from brewslm.core.launch.versions import said_missing
from brewslm.core.wire.attempt import MicroBatch
from brewslm.core.wire.rundir import ExitCode


class WorkerFailure(BrewError):
    """Something that ends this attempt with a typed exit code."""

    exit_code: ClassVar[ExitCode]

    def __init__(self, message: str, *, step: int | None = None) -> None:
        """Keep the line, and the optimiser step where there is one."""
        super().__init__(message)
        self.step = step


class BadOrderError(WorkerFailure):
    """The order cannot be honoured: unreadable, of another version, or asking for what this worker cannot do."""

    exit_code = ExitCode.BAD_ORDER


class BadDataError(WorkerFailure):
    """A shard is missing, damaged, empty, or not the one that the checkpoints were made on."""

    exit_code = ExitCode.BAD_DATA


class NotFiniteError(WorkerFailure):
    """A loss, a gradient, a weight or a moment is not a number, or infinite."""

    exit_code = ExitCode.NOT_FINITE


class OutOfMemoryError(WorkerFailure):
    """Memory ran out in an optimiser step."""

    exit_code = ExitCode.OUT_OF_MEMORY

    def __init__(self, message: str, *, step: int, micro_batch: MicroBatch) -> None:
        """Keep what was in the model."""
        super().__init__(message, step=step)
        self.micro_batch = micro_batch


class PausedError(WorkerFailure):
    """Somebody asked for a pause; the checkpoint to go on from is on disk."""

    exit_code = ExitCode.PAUSED


class SupersededError(WorkerFailure):
    """A newer attempt has begun on this run directory."""

    exit_code = ExitCode.SUPERSEDED


_DEVICE_ERRORS = (
    "cuda error",
    "hip error",
    "cudnn error",
    "cublas error",
    "cudnn_status",
    "cublas_status",
    "uncorrectable ecc",
)
_PEER_ERRORS = ("gloo", "connection closed by peer", "connection reset by peer")
_NO_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory")


def classify(error: BaseException) -> tuple[int, str]:
    """Return the exit code of an error, 1 where it is nobody's but ours, and the line that says what happened."""
    text = " ".join(str(error).split())
    if isinstance(error, WorkerFailure):
        return error.exit_code, text
    if isinstance(error, ArtifactDamagedError):
        return ExitCode.BAD_DATA, text
    if missing := said_missing(error, extra="train"):
        return ExitCode.BAD_ORDER, missing
    for holds, code, says in _TROUBLES:
        if holds(error):
            return code, says.format(text or "an allocation failed")
    return 1, f"{type(error).__name__}: {text}"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on the machine or on a device."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in _NO_MEMORY)


def _is_device_error(error: BaseException) -> bool:
    """Whether a GPU or its driver broke, by what torch raises; that its memory ran out is asked before."""
    if type(error).__name__ == "AcceleratorError":
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in _DEVICE_ERRORS)


def _is_disk_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return "no space left on device" in str(error).lower() or "os error 28" in str(error).lower()


def _is_peer_lost(error: BaseException) -> bool:
    """Whether another process of the training went away or does not answer, by what torch raises."""
    if type(error).__name__ in {"DistNetworkError", "DistStoreError", "DistBackendError"}:
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in _PEER_ERRORS)


def _is_disk_error(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno == errno.EIO


_TROUBLES: tuple[tuple[Callable[[BaseException], bool], int, str], ...] = (
    (
        is_out_of_memory,
        ExitCode.OUT_OF_MEMORY,
        "Memory ran out: {}. Lower data.micro_batch_tokens or data.batch_size.",
    ),
    (_is_disk_full, ExitCode.DISK_FULL, "The disk is full: {}. Free some space, then start again."),
    (_is_device_error, ExitCode.DEVICE_FAILED, "The device reported an error: {}. Look at it with its own tools."),
    (_is_peer_lost, ExitCode.PEER_LOST, "Another process of the training does not answer: {}. Read worker.log."),
    (
        _is_disk_error,
        1,
        "The disk reported an error: {}. Look at it, then start again; what was saved is checked first.",
    ),
)
"""What is wrong with the machine, in the order in which it is asked: the exit code, and what is said."""
