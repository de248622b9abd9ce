"""A notification: an event that somebody should know of, until somebody has read it."""

from datetime import datetime

from brewslm.core.alerts.line import excerpt
from brewslm.core.events.base import RunEvent
from brewslm.core.events.notices import NOTICES
from brewslm.core.ids import ExperimentId, JobId, ProjectId, RunId
from brewslm.core.reason import Reason, Severity
from brewslm.core.value import Value

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error", "critical")
"""From the least to the gravest."""
MAX_LINE = 500
"""Characters of the one line that are kept; the event has all of them."""


class NewNotification(Value):
    """A notification that is about to be recorded, in the transaction of its event."""

    event_seq: int
    event_hash: str
    """What the event is known by everywhere: receivers tell repetitions by it."""
    project_id: ProjectId | None
    run_id: RunId
    parent_run_id: RunId | None
    job_id: JobId | None
    """The job that it leads to; None where it is about none."""
    experiment_id: ExperimentId | None
    severity: Severity
    reason: Reason
    title: str
    line: str
    """One line, without control characters."""
    created_at: datetime


class Notification(NewNotification):
    """A recorded notification."""

    id: int
    read_at: datetime | None = None
    """None while it is unread."""


def is_at_least(severity: Severity, floor: Severity) -> bool:
    """Whether a severity reaches a floor."""
    return SEVERITIES.index(severity) >= SEVERITIES.index(floor)


def notification_of(
    event: RunEvent, *, job_id: JobId | None, experiment_id: ExperimentId | None
) -> NewNotification | None:
    """Return what people are told of an event; None where they are told nothing."""
    notice = NOTICES.get(event.reason)
    if notice is None or (notice.telling == "alone" and event.parent_run_id is not None):
        return None
    return NewNotification(
        event_seq=event.seq,
        event_hash=event.hash,
        project_id=event.project_id,
        run_id=event.run_id,
        parent_run_id=event.parent_run_id,
        job_id=job_id,
        experiment_id=experiment_id,
        severity=notice.severity or event.severity,
        reason=event.reason,
        title=notice.title,
        line=excerpt(event.summary, MAX_LINE),
        created_at=event.recorded_at,
    )
