"""Time, from the operating system."""

import time
from datetime import UTC, datetime

from brewslm.adapters.system.owner import boot_id


class SystemClock:
    """Implements `core.ports.clock.Clock`."""

    def now(self) -> datetime:
        """The present, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never run backwards; for intervals."""
        return time.monotonic()

    def boot_id(self) -> str:
        """Which start of the machine `monotonic` counts from."""
        return boot_id()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
