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


def nothing_known() -> MonitoringFacts:
    """Return the facts where nobody knows any."""
    return MonitoringFacts()
