"""What people are told of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, or_, select, update

from brewslm.adapters.sql.schema import in_utc, notifications, times_in_utc
from brewslm.core.alerts.notification import NewNotification, Notification
from brewslm.core.ids import RunId
from brewslm.core.reason import Reason

COLUMNS = [notifications.c[name] for name in Notification.model_fields]


class SqlNotificationRows:
    """Implements `core.ports.alerts.NotificationRows`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, new: NewNotification) -> Notification:
        """Insert with the next id, unread, and not yet routed to channels."""
        number = (self._connection.scalar(select(func.max(notifications.c.id))) or 0) + 1
        row = times_in_utc({**new.model_dump(), "id": number, "read_at": None})
        self._connection.execute(insert(notifications), {**row, "reason": new.reason.value, "is_routed": False})
        return Notification.model_validate(row)

    def list(
        self, *, is_unread: bool | None = None, before_id: int | None = None, limit: int = 100
    ) -> tuple[Notification, ...]:
        """Newest first; `before_id` pages by key; `is_unread` None means all."""
        query = select(*COLUMNS).order_by(notifications.c.id.desc()).limit(limit)
        if is_unread is not None:
            query = query.where(notifications.c.read_at.is_(None) == is_unread)
        if before_id is not None:
            query = query.where(notifications.c.id < before_id)
        return self._read(query)

    def find(self, ids: Sequence[int]) -> tuple[Notification, ...]:
        """Those of these ids that there are, by id."""
        found: tuple[Notification, ...] = ()
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            found += self._read(select(*COLUMNS).where(notifications.c.id.in_(some)))
        return tuple(sorted(found, key=lambda one: one.id))

    def of_steps(self, run_id: RunId) -> tuple[Reason, ...]:
        """The reasons of what was told of the steps of a flow."""
        query = select(notifications.c.reason).where(notifications.c.parent_run_id == run_id)
        return tuple(Reason(value) for value in self._connection.scalars(query))

    def num_unread(self) -> int:
        """How many nobody has read."""
        query = select(func.count()).select_from(notifications).where(notifications.c.read_at.is_(None))
        return self._connection.scalar(query) or 0

    def mark_read(self, *, ids: Sequence[int] = (), up_to_id: int = 0, read_at: datetime) -> int:
        """Mark these and all up to an id; return how many were unread."""
        query = update(notifications).where(
            notifications.c.read_at.is_(None), or_(notifications.c.id <= up_to_id, notifications.c.id.in_(ids))
        )
        return self._connection.execute(query.values(read_at=in_utc(read_at))).rowcount

    def _read(self, query: Select[Any]) -> tuple[Notification, ...]:
        return tuple(Notification.model_validate(dict(row)) for row in self._connection.execute(query).mappings())
