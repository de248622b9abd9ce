"""The outbox of the alert channels."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select, tuple_, update

from brewslm.adapters.sql.rows.notifications import COLUMNS
from brewslm.adapters.sql.schema import channel_states, in_utc, times_in_utc
from brewslm.adapters.sql.schema import deliveries as table
from brewslm.adapters.sql.schema import notifications as told
from brewslm.adapters.sql.upserts import put, put_new
from brewslm.core.alerts.notification import SEVERITIES, Notification
from brewslm.core.alerts.outbox import ChannelState, Delivery
from brewslm.core.reason import Severity

_KEYS_AT_ONCE = 400
"""Both databases take a bounded number of values in one statement."""


class SqlOutboxRows:
    """Implements `core.ports.alerts.OutboxRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def unrouted(self, *, limit: int) -> tuple[Notification, ...]:
        """Notifications of which no channel has been told, by id."""
        query = select(*COLUMNS).where(~told.c.is_routed).order_by(told.c.id).limit(limit)
        return tuple(Notification.model_validate(dict(row)) for row in self._connection.execute(query).mappings())

    def route(self, notifications: Sequence[Notification], deliveries: Sequence[Delivery]) -> None:
        """Queue the deliveries, and note that these notifications are routed; a known delivery stays as it is."""
        if deliveries:
            rows = [times_in_utc(one.model_dump()) for one in deliveries]
            self._connection.execute(put_new(self._connection, table), rows)
        for start in range(0, len(notifications), _KEYS_AT_ONCE):
            ids = [one.id for one in notifications[start : start + _KEYS_AT_ONCE]]
            self._connection.execute(update(told).where(told.c.id.in_(ids)).values(is_routed=True))

    def channels(self) -> tuple[str, ...]:
        """The names of all channels that have something to send."""
        query = select(table.c.channel).where(table.c.state == "pending").distinct().order_by(table.c.channel)
        return tuple(self._connection.scalars(query))

    def pending(self, channel: str, *, limit: int | None = None) -> tuple[Delivery, ...]:
        """What a channel has yet to send, by notification."""
        return self._read(select(table).where(*_pending(channel)).limit(limit))

    def num_pending(self, channel: str) -> int:
        """How many those are."""
        return self._connection.scalar(select(func.count()).where(*_pending(channel))) or 0

    def is_busy(self, channel: str, now: datetime) -> bool:
        """Whether somebody sends on it just now, or it rests after a failure."""
        moment = in_utc(now)
        is_resting = and_(table.c.tries > 0, table.c.next_at > moment)
        query = select(table.c.channel).where(*_pending(channel), or_(table.c.lease_expires_at > moment, is_resting))
        return self._connection.scalar(query.limit(1)) is not None

    def planned(self, channel: str, severities: Sequence[Severity]) -> tuple[Delivery, ...]:
        """The pending message that comes next: single ones first, the gravest first, then the oldest.

        Only messages about something of these severities count; nothing where there is none.
        """
        rank = case({name: number for number, name in enumerate(SEVERITIES)}, value=table.c.severity)
        query = (
            select(table.c.message_id)
            .where(*_pending(channel), table.c.message_id.is_not(None), table.c.severity.in_(severities))
            .group_by(table.c.message_id)
            .order_by(func.count(), func.max(rank).desc(), func.min(table.c.notification_id))
        )
        chosen = self._connection.scalar(query.limit(1))
        return (
            () if chosen is None else self._read(select(table).where(*_pending(channel), table.c.message_id == chosen))
        )

    def _read(self, query: Select[Any]) -> tuple[Delivery, ...]:
        query = query.order_by(table.c.notification_id)
        return tuple(Delivery.model_validate(dict(row)) for row in self._connection.execute(query).mappings())

    def change(self, deliveries: Sequence[Delivery], *, held_by: str | None, **changes: Any) -> int:  # noqa: ANN401
        """Write `changes` where the delivery is pending, and its lease is `held_by`; return how many that were."""
        values = times_in_utc(changes)
        num_changed = 0
        for start in range(0, len(deliveries), _KEYS_AT_ONCE):
            keys = [(one.notification_id, one.channel) for one in deliveries[start : start + _KEYS_AT_ONCE]]
            query = update(table).where(
                tuple_(table.c.notification_id, table.c.channel).in_(keys),
                table.c.state == "pending",
                table.c.lease.is_(None) if held_by is None else table.c.lease == held_by,
            )
            num_changed += self._connection.execute(query.values(values)).rowcount
        return num_changed

    def sent_since(self, channel: str, since: datetime) -> int:
        """How many messages a channel has sent since."""
        query = select(func.count(table.c.message_id.distinct())).where(
            table.c.channel == channel, table.c.state == "sent", table.c.finished_at > in_utc(since)
        )
        return self._connection.scalar(query) or 0

    def state(self, channel: str) -> ChannelState:
        """How a channel has fared; an empty state where it has not sent yet."""
        query = select(channel_states).where(channel_states.c.name == channel)
        row = self._connection.execute(query).mappings().one_or_none()
        return ChannelState(name=channel) if row is None else ChannelState.model_validate(dict(row))

    def keep_state(self, state: ChannelState) -> None:
        """Insert or replace it."""
        row = times_in_utc(state.model_dump())
        self._connection.execute(put(self._connection, channel_states, "name"), row)


def _pending(channel: str) -> tuple[ColumnElement[bool], ...]:
    return table.c.channel == channel, table.c.state == "pending"
