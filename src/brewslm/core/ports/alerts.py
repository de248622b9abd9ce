"""Notifications in the ledger, the outbox behind them, and who carries messages away from this machine."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from brewslm.core.alerts.channels import AlertSetup, Channel
from brewslm.core.alerts.message import AlertMessage
from brewslm.core.alerts.notification import NewNotification, Notification
from brewslm.core.alerts.outbox import ChannelState, Delivery
from brewslm.core.ids import RunId
from brewslm.core.reason import Reason, Severity


class NotificationRows(Protocol):
    """What people are told of."""

    def add(self, new: NewNotification) -> Notification:
        """Insert with the next id, unread, and not yet routed to channels."""

    def list(
        self, *, is_unread: bool | None = None, before_id: int | None = None, limit: int = 100
    ) -> tuple[Notification, ...]:
        """Newest first; `before_id` pages by key; `is_unread` None means all."""

    def find(self, ids: Sequence[int]) -> tuple[Notification, ...]:
        """Those of these ids that there are, by id."""

    def of_steps(self, run_id: RunId) -> tuple[Reason, ...]:
        """The reasons of what was told of the steps of a flow."""

    def num_unread(self) -> int:
        """How many nobody has read."""

    def mark_read(self, *, ids: Sequence[int] = (), up_to_id: int = 0, read_at: datetime) -> int:
        """Mark these and all up to an id; return how many were unread."""


class OutboxRows(Protocol):
    """What channels still have to send."""

    def unrouted(self, *, limit: int) -> tuple[Notification, ...]:
        """Notifications of which no channel has been told, by id."""

    def route(self, notifications: Sequence[Notification], deliveries: Sequence[Delivery]) -> None:
        """Queue the deliveries, and note that these notifications are routed; a known delivery stays as it is."""

    def channels(self) -> tuple[str, ...]:
        """The names of all channels that have something to send."""

    def pending(self, channel: str, *, limit: int | None = None) -> tuple[Delivery, ...]:
        """What a channel has yet to send, by notification."""

    def num_pending(self, channel: str) -> int:
        """How many those are."""

    def is_busy(self, channel: str, now: datetime) -> bool:
        """Whether somebody sends on it just now, or it rests after a failure."""

    def planned(self, channel: str, severities: Sequence[Severity]) -> tuple[Delivery, ...]:
        """The pending message that comes next: single ones first, the gravest first, then the oldest.

        Only messages about something of these severities count; nothing where there is none.
        """

    def change(self, deliveries: Sequence[Delivery], *, held_by: str | None, **changes: Any) -> int:  # noqa: ANN401
        """Write `changes` where the delivery is pending, and its lease is `held_by`; return how many that were."""

    def sent_since(self, channel: str, since: datetime) -> int:
        """How many messages a channel has sent since."""

    def state(self, channel: str) -> ChannelState:
        """How a channel has fared; an empty state where it has not sent yet."""

    def keep_state(self, state: ChannelState) -> None:
        """Insert or replace it."""


class AlertFiles(Protocol):
    """The file that says which channels there are."""

    def read(self) -> AlertSetup:
        """Return what the workspace's file says, or the defaults where there is none.

        Raises:
            InvalidRequestError: it cannot be read, or says what cannot be; all of it at once, each with its line.
        """

    def begin(self) -> Path:
        """Write the commented defaults where there is no file yet, and return where it is.

        Raises:
            ConflictError: there is one.
        """


class AlertSender(Protocol):
    """One channel, ready."""

    def send(self, message: AlertMessage, *, seconds: float) -> None:
        """Hand the message over within so many seconds.

        Raises:
            AlertError: it was not taken, or nobody knows.
        """


class AlertSenders(Protocol):
    """Makes channels ready."""

    def open(self, channel: Channel) -> AlertSender:
        """Return the channel.

        Raises:
            ChannelUnusableError: this process cannot use it, for example for want of an environment variable.
        """
