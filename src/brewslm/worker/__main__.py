"""The worker's command: `python -m brewslm.worker RUN_DIRECTORY [ATTEMPT]`."""

import contextlib
import faulthandler
import gc
import os
import platform
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from brewslm.core.wire.attempt import FailureFile
from brewslm.core.wire.order import ORDER, Order
from brewslm.core.wire.result import RESULT, Result, TrainResult
from brewslm.core.wire.rundir import FAILURE_FILE, LOG_FILE, ORDER_FILE, RESULT_FILE, ExitCode
from brewslm.worker.failure import (
    BadOrderError,
    OutOfMemoryError,
    PausedError,
    SupersededError,
    WorkerFailure,
    classify,
)
from brewslm.worker.fence import Fence
from brewslm.worker.files import LOCAL_DISK, write_whole
from brewslm.worker.journal import Journal

if TYPE_CHECKING:
    from brewslm.worker.run import Run

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


def main(arguments: list[str]) -> int:
    """Do what the order says and return the exit code."""
    if not arguments:
        sys.stderr.write("usage: python -m brewslm.worker RUN_DIRECTORY [ATTEMPT]\n")
        return ExitCode.BAD_ORDER
    folder, attempt = Path(arguments[0]).resolve(), int(arguments[1]) if len(arguments) > 1 else 1
    os.umask(0o077)
    os.environ.update(OFFLINE)
    if hasattr(signal, "SIGUSR1"):
        faulthandler.register(signal.SIGUSR1, all_threads=True)
    faulthandler.enable()
    _die_with_parent()
    try:
        _work(folder, attempt)
    except PausedError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except BaseException as error:  # noqa: BLE001 - the edge of the process
        traceback.print_exc()
        return _fail(folder, attempt, error)
    return ExitCode.DONE


def _work(folder: Path, attempt: int) -> None:
    order = read_order(folder)
    is_first = os.environ.get("RANK", "0") == "0"
    if is_first:
        Fence(folder, attempt, LOCAL_DISK).take()
        with contextlib.suppress(FileNotFoundError):
            (folder / FAILURE_FILE).unlink()
    if _is_done(folder):
        return
    from brewslm.worker.dispatch import execute  # here, so that a library which is missing is told like any failure
    from brewslm.worker.run import Run

    journal = folder / LOG_FILE if is_first else Path(os.devnull)
    run = Run(folder, attempt, Journal(journal, attempt=attempt))
    result = execute(order, run)
    if result is not None:
        leave_result(result, run)


def leave_result(result: Result, run: "Run") -> None:
    """Write `result.json`, once all that the journal says is on disk."""
    run.journal.sync()
    run.fence.check()
    write_whole(run.folder / RESULT_FILE, result.model_dump_json(indent=1).encode(), disk=run.disk)


def read_order(folder: Path) -> Order:
    """Read and check `order.json`.

    Raises:
        BadOrderError: it is missing, or not an order that this worker understands.
    """
    path = folder / ORDER_FILE
    try:
        return ORDER.validate_json(path.read_bytes())
    except OSError as error:
        raise BadOrderError(f"The order {str(path)!r} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BadOrderError(f"The order {str(path)!r} is not understood: {place}: {first['msg']}.") from error


def _is_done(folder: Path) -> bool:
    """Whether an earlier attempt has done the work; a cancelled training may be continued."""
    path = folder / RESULT_FILE
    try:
        result = RESULT.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return False
    if isinstance(result, TrainResult) and result.status == "cancelled":
        path.unlink()
        return False
    return True


def _fail(folder: Path, attempt: int, error: BaseException) -> int:
    code, message = classify(error)
    if isinstance(error, SupersededError):
        return code
    step = error.step if isinstance(error, WorkerFailure) else None
    held = error.micro_batch if isinstance(error, OutOfMemoryError) else None
    if code in {1, ExitCode.PEER_LOST} and _is_told(folder, attempt):
        return code
    failure = FailureFile(attempt=attempt, message=message, step=step, micro_batch=held)
    with contextlib.suppress(OSError):
        write_whole(folder / FAILURE_FILE, failure.model_dump_json().encode())
    return code


def _is_told(folder: Path, attempt: int) -> bool:
    """Whether another process of this attempt has said already what happened."""
    if os.environ.get("WORLD_SIZE", "1") == "1":
        return False
    try:
        return FailureFile.model_validate_json((folder / FAILURE_FILE).read_bytes()).attempt == attempt
    except (OSError, ValidationError):
        return False


def _die_with_parent() -> None:
    """Where the kernel does not do it, end when the shim's end of our standard input closes."""
    if platform.system() == "Linux" or sys.stdin is None or sys.stdin.isatty():
        return

    def wait() -> None:
        sys.stdin.read()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    gc.disable()  # until the libraries are loaded: saves 0.7 s of 4.6
    exit_code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)  # everything is on disk by now; taking the libraries apart would cost a second
