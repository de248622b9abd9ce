"""The parsing process: takes an order on standard input, says how far it is on standard output.

It opens no database and no network connection, writes into the draft only, and is killed when it takes too much.
"""

import errno
import os
import sys
import time
import traceback

from brewslm.core.errors import SourceError
from brewslm.stages.ingest.parser.limits import apply_limits, end_with_parent
from brewslm.stages.ingest.parser.order import Failed, Order, Parsed, Progress, Refused, Said
from brewslm.stages.ingest.parser.parse import parse

SAY_SECONDS = 0.1


def main() -> None:
    """Do what the order says; the last line says how it ended."""
    order = Order.model_validate_json(sys.stdin.buffer.readline())
    voice = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a library that prints must not be taken for us
    end_with_parent()
    apply_limits(order.limits)
    said_at, current = 0.0, ""

    def say(message: Said) -> None:
        voice.write(message.model_dump_json() + "\n")
        voice.flush()

    def progress(message: Progress) -> None:
        nonlocal said_at, current
        now = time.monotonic()
        if message.file != current or now - said_at >= SAY_SECONDS:
            said_at, current = now, message.file
            say(message)

    say(_outcome(order, progress, lambda: current))
    os._exit(0)  # nothing that a hostile file has left behind is torn down


def _outcome(order: Order, progress, current) -> Parsed | Refused | Failed:  # type: ignore[no-untyped-def]  # noqa: ANN001 - two plain functions of main
    try:
        return parse(order, progress)
    except SourceError as error:
        return Refused(reason=error.code, message=str(error))
    except MemoryError:
        return Failed(cause="memory", detail="", file=current())
    except OSError as error:
        traceback.print_exc()
        cause = "disk_full" if error.errno == errno.ENOSPC else "error"
        return Failed(cause=cause, detail=str(error)[:500], file=current())  # type: ignore[arg-type]  # two of the three
    except Exception as error:  # noqa: BLE001 - the edge of this process
        traceback.print_exc()
        return Failed(cause="error", detail=f"{type(error).__name__}: {error}"[:500], file=current())


if __name__ == "__main__":
    main()
