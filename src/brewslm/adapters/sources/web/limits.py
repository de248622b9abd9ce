"""How much a download may take."""

from brewslm.core.value import Value


class WebLimits(Value):
    """Limits of one download."""

    max_bytes: int = 50 << 30
    """Of the whole file; 50 GiB holds any text corpus that one machine trains on."""
    free_bytes: int | None = None
    """What the disk still holds, where that is known."""
    max_seconds: float = 6 * 3600.0
    """For everything, with retries; 50 GiB in that time are 2.4 MB a second."""
    min_bytes_per_second: int = 1024
    """On average over `window_seconds`; a server that drips is not waited for."""
    window_seconds: float = 30.0
    connect_seconds: float = 10.0
    idle_seconds: float = 20.0
    """How long a server may say nothing."""
    answer_seconds: float = 60.0
    """How long the head of an answer may take."""
    max_redirects: int = 10
    max_attempts: int = 5
    """In a row without progress."""
    max_pause_seconds: float = 30.0
    """Between two attempts; a server that asks for more (`Retry-After`) is not waited for."""
