"""The outbox: what each channel still has to send, and the one rule of what it sends next."""

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
    """The message that it is part of, from the first try on."""
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


def next_batch(
    pending: Sequence[Delivery], *, now: datetime, num_messages_left: int, floor: Severity = "info"
) -> tuple[Delivery, ...]:
    """Return the deliveries that make the next message of a channel; nothing where it has to wait.

    Args:
        pending: all pending deliveries of the channel, by notification.
        now: the present.
        num_messages_left: how many messages its rate limit allows by now.
        floor: what is less grave waits, because of quiet hours.
    """
    if any(one.lease_expires_at is not None and one.lease_expires_at > now for one in pending):
        return ()  # somebody sends on this channel; messages keep their order
    ready = [one for one in pending if SEVERITIES.index(one.severity) >= SEVERITIES.index(floor)]
    if not ready or any(one.tries and one.next_at > now for one in pending):
        return ()
    begun = next((one.message_id for one in ready if one.message_id is not None), None)
    if begun is not None:  # it may have arrived: the same again, under the same id
        return tuple(one for one in pending if one.message_id == begun)
    if num_messages_left < 1:
        return ()
    if len(ready) > num_messages_left == 1:
        return tuple(ready)
    is_crowded = len(ready) > num_messages_left
    gravest = max(ready, key=lambda one: (SEVERITIES.index(one.severity), -one.notification_id))
    return (gravest if is_crowded else ready[0],)


def pause_after(tries: int, *, chance: float, asked_seconds: float | None = None) -> timedelta:
    """Return how long a channel rests after its last failure: doubling, with jitter, never shorter than asked for.

    Args:
        tries: failures in a row, from 1.
        chance: 0 to 1.
        asked_seconds: what the receiver asked for, believed up to an hour.
    """
    pause = min(FIRST_PAUSE_SECONDS * 2.0 ** (min(tries, 20) - 1), LONGEST_PAUSE_SECONDS) * (0.75 + 0.5 * chance)
    return timedelta(seconds=max(pause, min(asked_seconds or 0.0, LONGEST_PAUSE_SECONDS)))
