"""Time."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> datetime:
        """The present, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never run backwards; for intervals."""

    def boot_id(self) -> str:
        """Which start of the machine `monotonic` counts from; processes of the same one may compare theirs."""

    def sleep(self, seconds: float) -> None:
        """Wait."""
