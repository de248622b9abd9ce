"""What has happened, and whether the record of it is whole."""

from typing import Annotated

from fastapi import APIRouter, Query

from brewslm.api.deps import HouseOf
from brewslm.core.value import Value
from brewslm.services.audit.report import ArtifactsReport, EventsReport

router = APIRouter(tags=["records"])


class AuditReport(Value):
    """What an audit found."""

    is_clean: bool
    events: EventsReport
    artifacts: ArtifactsReport | None
    """None where files were not asked for."""


@router.get("/audit/verify")
def verify(
    house: HouseOf, has_files: Annotated[bool, Query(description="Hash every artifact and file, too.")] = False
) -> AuditReport:
    """Re-compute the hash chain over all events."""
    chains = house.audit.verify_events()
    files = house.audit.verify_artifacts() if has_files else None
    is_clean = chains.is_clean and (files is None or files.is_clean)
    return AuditReport(is_clean=is_clean, events=chains, artifacts=files)
