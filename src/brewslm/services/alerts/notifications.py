"""The bell: what people are told of, and what of it nobody has read."""

from collections.abc import Sequence

from brewslm.core.alerts.notification import Notification
from brewslm.core.value import Value
from brewslm.services.ports import Ports


class NotificationPage(Value):
    """Some notifications, the newest first."""

    notifications: tuple[Notification, ...]
    num_unread: int
    """Of all, not only of this page."""
    next_before_id: int | None
    """Ask for the next page with `before_id`; None where this is the last one."""


class Marked(Value):
    """What marking as read has changed."""

    num_marked: int
    num_unread: int


class Notifications:
    """Reads notifications, and marks them as read."""

    def __init__(self, ports: Ports) -> None:
        """Bind it to the ledger."""
        self._ports = ports

    def list(
        self, *, is_unread: bool | None = None, before_id: int | None = None, limit: int = 100
    ) -> NotificationPage:
        """Return a page, the newest first; with `is_unread` only those that are, or are not, unread."""
        with self._ports.storage.read() as transaction:
            found = transaction.notifications.list(is_unread=is_unread, before_id=before_id, limit=limit)
            num_unread = transaction.notifications.num_unread()
        last = found[-1].id if len(found) == limit else None
        return NotificationPage(notifications=found, num_unread=num_unread, next_before_id=last)

    def num_unread(self) -> int:
        """Return how many nobody has read."""
        with self._ports.storage.read() as transaction:
            return transaction.notifications.num_unread()

    def mark_read(self, *, ids: Sequence[int] = (), up_to_id: int = 0) -> Marked:
        """Mark these, and all up to an id, as read; what was read before stays so."""
        with self._ports.storage.write() as transaction:
            num = transaction.notifications.mark_read(ids=ids, up_to_id=up_to_id, read_at=self._ports.clock.now())
            return Marked(num_marked=num, num_unread=transaction.notifications.num_unread())
