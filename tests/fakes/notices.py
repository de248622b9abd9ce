"""Notifications and the outbox of the in-memory ledger."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from brewslm.core.alerts.notification import SEVERITIES, NewNotification, Notification
from brewslm.core.alerts.outbox import ChannelState, Delivery
from brewslm.core.ids import RunId
from brewslm.core.reason import Reason, Severity
from tests.fakes.rows import State, in_utc


class MemoryNotificationRows:
    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, new: NewNotification) -> Notification:
        made = Notification(**new.model_dump(), id=len(self._state.notifications) + 1)
        self._state.notifications[made.id] = made
        return made

    def list(
        self, *, is_unread: bool | None = None, before_id: int | None = None, limit: int = 100
    ) -> tuple[Notification, ...]:
        found = [
            one
            for one in reversed(self._state.notifications.values())
            if (is_unread is None or (one.read_at is None) == is_unread) and (before_id is None or one.id < before_id)
        ]
        return tuple(found[:limit])

    def find(self, ids: Sequence[int]) -> tuple[Notification, ...]:
        return tuple(self._state.notifications[number] for number in sorted(ids) if number in self._state.notifications)

    def of_steps(self, run_id: RunId) -> tuple[Reason, ...]:
        return tuple(one.reason for one in self._state.notifications.values() if one.parent_run_id == run_id)

    def num_unread(self) -> int:
        return len(self.list(is_unread=True, limit=10**9))

    def mark_read(self, *, ids: Sequence[int] = (), up_to_id: int = 0, read_at: datetime) -> int:
        unread = [one for one in self.list(is_unread=True, limit=10**9) if one.id in ids or one.id <= up_to_id]
        for one in unread:
            self._state.notifications[one.id] = one.model_copy(update={"read_at": in_utc(read_at)})
        return len(unread)


class MemoryOutboxRows:
    def __init__(self, state: State) -> None:
        self._state = state

    def unrouted(self, *, limit: int) -> tuple[Notification, ...]:
        waiting = [one for one in self._state.notifications.values() if one.id not in self._state.routed]
        return tuple(waiting[:limit])

    def route(self, notifications: Sequence[Notification], deliveries: Sequence[Delivery]) -> None:
        for one in deliveries:
            self._state.deliveries.setdefault((one.notification_id, one.channel), one)
        self._state.routed.update(one.id for one in notifications)

    def channels(self) -> tuple[str, ...]:
        return tuple(sorted({one.channel for one in self._state.deliveries.values() if one.state == "pending"}))

    def num_pending(self, channel: str) -> int:
        return len(self.pending(channel))

    def is_busy(self, channel: str, now: datetime) -> bool:
        return any(
            (one.lease_expires_at is not None and one.lease_expires_at > now) or (one.tries and one.next_at > now)
            for one in self.pending(channel)
        )

    def planned(self, channel: str, severities: Sequence[Severity]) -> tuple[Delivery, ...]:
        groups: dict[str, list[Delivery]] = {}
        for one in self.pending(channel):
            if one.message_id is not None:
                groups.setdefault(one.message_id, []).append(one)

        def order(group: list[Delivery]) -> tuple[int, int, int]:
            own = [one for one in group if one.severity in severities]
            gravest = max(SEVERITIES.index(one.severity) for one in own)
            return len(own), -gravest, own[0].notification_id

        ready = [group for group in groups.values() if any(one.severity in severities for one in group)]
        return tuple(min(ready, key=order, default=()))

    def pending(self, channel: str, *, limit: int | None = None) -> tuple[Delivery, ...]:
        found = [one for one in self._state.deliveries.values() if (one.channel, one.state) == (channel, "pending")]
        return tuple(sorted(found, key=lambda one: one.notification_id)[:limit])

    def change(self, deliveries: Sequence[Delivery], *, held_by: str | None, **changes: Any) -> int:
        num_changed = 0
        for key in [(one.notification_id, one.channel) for one in deliveries]:
            stored = self._state.deliveries[key]
            if stored.state == "pending" and stored.lease == held_by:
                self._state.deliveries[key] = stored.model_copy(update=changes)
                num_changed += 1
        return num_changed

    def sent_since(self, channel: str, since: datetime) -> int:
        sent = [one for one in self._state.deliveries.values() if (one.channel, one.state) == (channel, "sent")]
        return len({one.message_id for one in sent if one.finished_at is not None and one.finished_at > since})

    def state(self, channel: str) -> ChannelState:
        return self._state.channel_states.get(channel, ChannelState(name=channel))

    def keep_state(self, state: ChannelState) -> None:
        self._state.channel_states[state.name] = state
