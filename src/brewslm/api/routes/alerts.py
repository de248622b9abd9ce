"""Alert channels: how they fare, and whether they work."""

from fastapi import APIRouter
from pydantic import Field

from brewslm.api.deps import HouseOf
from brewslm.core.value import Value
from brewslm.services.alerts.alerts import AlertsReport, TestResult

router = APIRouter(prefix="/alerts", tags=["alerts"])


class TestRequest(Value):
    """Which channel to test."""

    channel: str | None = Field(None, max_length=40)
    """All where it is left out."""


@router.get("")
def list_(house: HouseOf) -> AlertsReport:
    """List the channels that are configured, and how they have fared."""
    return house.alerts.report()


@router.post("/test")
def test(house: HouseOf, request: TestRequest) -> tuple[TestResult, ...]:
    """Send a test message on one channel or on all, and say what came of it."""
    return house.alerts.test(request.channel)
