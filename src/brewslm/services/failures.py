"""What went wrong where nothing was foreseen: any exception as an error that a person can act on."""

import errno
import logging

from brewslm.core.errors import BrewError, DiskFullError, InternalError

log = logging.getLogger(__name__)

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def classify(error: Exception, kind: str) -> BrewError:
    """Return an error that no code foresaw, raised by work of this kind, as one clear line with a reason.

    All but a full disk is a mistake of BrewSLM, and goes to the log with its traceback.
    """
    if isinstance(error, OSError) and error.errno in _NO_SPACE:
        # Of a copy, the second name is where it was written.
        place = error.filename2 or error.filename or "workspace"
        return DiskFullError(f"the disk is full ({place}); free space, then try again")
    log.error("%s failed", kind, exc_info=error)
    return InternalError(
        f"{kind} failed by a mistake of BrewSLM: {type(error).__name__}: {error}. "
        "Run it again with --debug and report what it prints."
    )
