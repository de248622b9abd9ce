"""How connectors say no."""

from brewslm.core.errors import CancelledError, SourceError
from brewslm.core.events.reasons import Reason


def unreachable(message: str) -> SourceError:
    """The source does not exist, or cannot be had now."""
    return SourceError(message, reason=Reason.INGESTION_UNREACHABLE)


def refused(message: str) -> SourceError:
    """The source could be had, and is not taken: it is unsafe, or beyond a limit."""
    return SourceError(message, reason=Reason.INGESTION_REFUSED)


def cancelled(name: str) -> CancelledError:
    """The user said stop while the source was fetched."""
    return CancelledError(f"Fetching {name!r} was cancelled; nothing was kept.")
