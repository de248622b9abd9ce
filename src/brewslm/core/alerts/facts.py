"""What preflight asks before a run that nobody will sit beside."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MonitoringFacts:
    """Whether somebody would hear of trouble."""

    channels: tuple[str, ...] = ()
    """Those that took the last message that they were given, and the log."""
    untried: tuple[str, ...] = ()
    """Those that were given none yet."""
    problems: tuple[str, ...] = ()
    """What is wrong with the thresholds, the file of channels, or a channel; one line each."""


def nothing_known(sends: bool = False) -> MonitoringFacts:  # noqa: FBT001, FBT002 - as `StageContext` asks
    """Return the facts where nobody knows any."""
    del sends
    return MonitoringFacts()
