"""What a channel carries: one notification, a summary of many, or a test."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from brewslm.core.alerts.notification import SEVERITIES, Notification
from brewslm.core.reason import Severity
from brewslm.core.value import Value, sha256_of

MAX_SHOWN = 20
"""Notifications that a summary lists; it counts all of them."""


class AlertMessage(Value):
    """One message. It is the same, with the same id, however often it has to be sent."""

    id: str
    """What receivers tell repetitions by; 32 hex digits."""
    kind: Literal["notification", "summary", "test"]
    severity: Severity
    title: str
    line: str
    created_at: datetime
    notifications: tuple[Notification, ...] = ()
    """The one, or of a summary the gravest of them, the newest first."""
    num_notifications: int = 1

    @property
    def text(self) -> str:
        """What there is to read, in a few lines."""
        lines = [self.line]
        if self.kind == "summary":
            lines += [f"{one.severity}: {one.title}{_place(one)}" for one in self.notifications]
        elif self.notifications and (place := _place(self.notifications[0])):
            lines.append(place.strip(" ()"))
        return "\n".join(lines)

    @property
    def heading(self) -> str:
        """Severity and title."""
        return f"[{self.severity}] {self.title}"


def message_id(channel: str, notifications: Sequence[Notification]) -> str:
    """Return the id of what a channel is sent about these: the same for the same, whoever sends it."""
    return sha256_of([channel, sorted(one.event_hash for one in notifications)])[:32]


def message_of(channel: str, notifications: Sequence[Notification]) -> AlertMessage:
    """Return the message about one notification, or the summary of several."""
    if len(notifications) == 1:
        one = notifications[0]
        return AlertMessage(
            id=message_id(channel, notifications),
            kind="notification",
            severity=one.severity,
            title=one.title,
            line=one.line,
            created_at=one.created_at,
            notifications=(one,),
        )
    ranked = sorted(notifications, key=lambda one: (SEVERITIES.index(one.severity), one.id), reverse=True)
    counts = Counter(one.severity for one in notifications)
    told = ", ".join(f"{counts[severity]} {severity}" for severity in reversed(SEVERITIES) if counts[severity])
    return AlertMessage(
        id=message_id(channel, notifications),
        kind="summary",
        severity=ranked[0].severity,
        title=f"{len(notifications)} notifications",
        line=f"Too many to be sent one by one: {told}. `brewslm notifications list` has them all.",
        created_at=max(one.created_at for one in notifications),
        notifications=tuple(ranked[:MAX_SHOWN]),
        num_notifications=len(notifications),
    )


def _place(one: Notification) -> str:
    if one.job_id is not None:
        return f" (project {one.project_id}, `brewslm jobs show {one.job_id}`)"
    return f" (project {one.project_id})" if one.project_id is not None else ""
