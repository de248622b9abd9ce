"""The outbox: what each channel still has to send, and how it is put into messages."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from brewslm.core.alerts.notification import SEVERITIES
from brewslm.core.reason import Severity
from brewslm.core.value import Value

DeliveryState = Literal["pending", "sent", "dead"]

MAX_TRIES = 12
MAX_AGE = timedelta(hours=24)
"""What could not be sent by then is dead, however few tries there were."""
PLANNED_AT_ONCE = 100
"""Messages that are put together in one transaction, which has to be short."""
FIRST_PAUSE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 3600.0


class Delivery(Value):
    """One notification on its way to one channel; there is exactly one for each pair."""

    notification_id: int
    channel: str
    severity: Severity
    """That of the notification."""
    queued_at: datetime
    state: DeliveryState = "pending"
    tries: int = 0
    next_at: datetime
    """Not before."""
    message_id: str | None = None
    """The message that it is part of, once it is planned; that never changes."""
    lease: str | None = None
    """Who is sending it just now."""
    lease_expires_at: datetime | None = None
    finished_at: datetime | None = None


class ChannelState(Value):
    """How a channel has fared."""

    name: str
    last_sent_at: datetime | None = None
    last_failed_at: datetime | None = None
    last_error: str | None = None
    """One line; None once something was sent after it."""
    is_dead: bool = False
    """Whether messages were given up since something was last sent."""


def plan(
    waiting: Sequence[Delivery], *, num_messages_left: int, floor: Severity = "info"
) -> tuple[tuple[Delivery, ...], ...]:
    """Return the next messages of a channel, each as the deliveries that it is made of.

    Where there is more than the rate limit allows, the gravest are messages of their own, and the last one is the rest.

    Args:
        waiting: what waits and is part of no message yet, by notification.
        num_messages_left: how many messages the rate limit allows by now.
        floor: what is less grave waits, because of quiet hours.
    """
    ready = [one for one in waiting if SEVERITIES.index(one.severity) >= SEVERITIES.index(floor)]
    if num_messages_left < 1:
        return ()
    if len(ready) <= num_messages_left:
        return tuple((one,) for one in ready[:PLANNED_AT_ONCE])
    ranked = sorted(ready, key=lambda one: (-SEVERITIES.index(one.severity), one.notification_id))
    num_single = min(num_messages_left - 1, PLANNED_AT_ONCE)
    single = tuple((one,) for one in ranked[:num_single])
    is_last = num_single == num_messages_left - 1
    return (*single, tuple(ranked[num_single:])) if is_last else single


def pause_after(tries: int, *, chance: float, asked_seconds: float | None = None) -> timedelta:
    """Return how long a channel rests after its last failure: doubling, with jitter, never shorter than asked for.

    Args:
        tries: failures in a row, from 1.
        chance: 0 to 1.
        asked_seconds: what the receiver asked for, believed up to an hour.
    """
    pause = min(FIRST_PAUSE_SECONDS * 2.0 ** (min(tries, 20) - 1), LONGEST_PAUSE_SECONDS) * (0.75 + 0.5 * chance)
    return timedelta(seconds=max(pause, min(asked_seconds or 0.0, LONGEST_PAUSE_SECONDS)))
