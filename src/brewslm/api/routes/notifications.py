"""The bell: what people are told of, and what of it nobody has read."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from brewslm.api.deps import HouseOf, Limit
from brewslm.core.value import Value
from brewslm.services.alerts.notifications import Marked, NotificationPage

router = APIRouter(prefix="/notifications", tags=["notifications"])

_LARGEST = 2**53


class UnreadCount(Value):
    """How many notifications nobody has read."""

    num_unread: int


class ReadRequest(Value):
    """What has been read: single ones, and all up to an id."""

    ids: tuple[Annotated[int, Field(ge=1, le=_LARGEST)], ...] = Field((), max_length=1000)
    up_to_id: int = Field(0, ge=0, le=_LARGEST)


@router.get("")
def list_(
    house: HouseOf,
    unread: Annotated[bool | None, Query(description="Only those that nobody has read, or only the others.")] = None,
    before_id: Annotated[int | None, Query(ge=1, le=_LARGEST, description="Only older ones.")] = None,
    limit: Limit = 100,
) -> NotificationPage:
    """List notifications, the newest first, page by page, with the number of all that are unread."""
    return house.notifications.list(is_unread=unread, before_id=before_id, limit=limit)


@router.get("/unread-count")
def unread_count(house: HouseOf) -> UnreadCount:
    """Count the notifications that nobody has read."""
    return UnreadCount(num_unread=house.notifications.num_unread())


@router.post("/read")
def read(house: HouseOf, request: ReadRequest) -> Marked:
    """Mark notifications as read."""
    return house.notifications.mark_read(ids=request.ids, up_to_id=request.up_to_id)
