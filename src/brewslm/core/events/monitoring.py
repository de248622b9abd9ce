"""Payloads of the watch over trainings."""

from brewslm.core.health.report import HealthFinding
from brewslm.core.health.watch import WatchCheck
from brewslm.core.ids import JobId
from brewslm.core.value import Value


class MonitoringAlert(Value):
    """A trouble of a training began, got worse, or is over: one episode of one detector."""

    job_id: JobId
    event: str
    """`opened`, `escalated` or `resolved`."""
    finding: HealthFinding


class WatchPassed(Value):
    """The active watch over the first steps ended, and nothing was the matter."""

    job_id: JobId
    num_steps: int
    checks: tuple[WatchCheck, ...]
    """The last line of each."""


class PatrolChanged(Value):
    """A patrol found a training otherwise than on its round before."""

    job_id: JobId
    before: str
    """`ok`, `warning`, `critical` or `unknown`."""
    after: str
    findings: dict[str, str]
    """What is the matter, by check."""
    action: str
    """What was done about it; empty where nothing was."""


class WatcherLost(Value):
    """Who watched the trainings gave no sign of life by its deadline."""

    name: str
    owner: str
    silent_seconds: float | None
    """None where the machine was started anew since."""
    due_within_seconds: float
