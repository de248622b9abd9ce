"""What the parsing process does to itself before it opens an untrusted file."""

import os
import resource
import sys
import threading

from brewslm.stages.ingest.parser.order import Limits

ADDRESS_SPACE_BESIDES = 1 << 30
"""Libraries reserve address space that they do not use."""


def apply_limits(limits: Limits) -> None:
    """Limit address space, processor time and core dumps of this process, as far as the system honours it."""
    _limit(resource.RLIMIT_AS, limits.memory_bytes + ADDRESS_SPACE_BESIDES)
    _limit(resource.RLIMIT_CPU, int(limits.seconds) + 1)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, 512)


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    try:
        resource.setrlimit(kind, (most, most))
    except (ValueError, OSError) as error:  # macOS refuses some; the parent watches besides
        print(f"limit {kind} was not set: {error}", file=sys.stderr)  # noqa: T201 - the log of this process


def end_with_parent() -> None:
    """End this process at once when the other end of its standard input is closed, as by the parent's death."""

    def wait() -> None:
        os.read(0, 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
