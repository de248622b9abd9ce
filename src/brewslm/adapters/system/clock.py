"""Time, from the operating system."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Implements `core.ports.clock.Clock`."""

    def now(self) -> datetime:
        """The present, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never run backwards; for intervals."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
