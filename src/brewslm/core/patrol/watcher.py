"""Who watches the trainings, and when the next sign of life of that is due."""

from datetime import datetime

from brewslm.core.value import Value


class Watcher(Value):
    """A patrol, as it last said of itself. It says goodbye when it is stopped; one that only falls silent is lost."""

    name: str
    """`patrol`: there is one place for it, so that no two walk at the same time."""
    owner: str
    """The process, by host, start of the machine, number and start time."""
    boot_id: str
    """The start of the machine that `beat_monotonic` counts from."""
    beat_monotonic: float
    """The steady clock of the last sign of life, in seconds; wall clocks jump."""
    due_within_seconds: float
    """The next sign must come within so many seconds."""
    beat_at: datetime
    """The same moment, for people."""
    is_process: bool = True
    """Whether `owner` stays for as long as it watches; what a timer starts ends after each round."""
    is_lost: bool = False
    """Whether its loss was told."""

    def is_overdue(self, *, boot_id: str, monotonic: float) -> bool:
        """Whether its next sign should have come by now."""
        return boot_id != self.boot_id or monotonic - self.beat_monotonic > self.due_within_seconds

    def silent_seconds(self, *, boot_id: str, monotonic: float) -> float | None:
        """How long it has been silent; None where the machine was started anew since."""
        return monotonic - self.beat_monotonic if boot_id == self.boot_id else None
