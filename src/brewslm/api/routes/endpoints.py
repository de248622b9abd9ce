"""Releases on their way to clients, keys of the endpoint, and how it fares."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from brewslm.api.deps import LARGEST, HouseOf, ProjectId
from brewslm.api.gateway.routes import Client, answer
from brewslm.core import ids
from brewslm.core.release import EndpointKey, ReleaseRow
from brewslm.core.serving.host import LoggedRequest
from brewslm.core.value import Value
from brewslm.services.endpoint.drift import DriftReport
from brewslm.services.endpoint.status import EndpointStatus, status_of
from brewslm.services.endpoint.trials import TriedCheckpoint

router = APIRouter(prefix="/projects/{project_id}", tags=["endpoint"])

Version = Annotated[int, Path(ge=1, le=LARGEST, description="The release's version.")]
Hours = Annotated[float, Query(gt=0, le=24 * 365, description="Of so many hours up to now.")]


class Decision(Value):
    """Why a release's state is changed."""

    reason: str = Field(min_length=1, max_length=2000)


class Canary(Decision):
    """A share of the traffic, and why."""

    share: float = Field(ge=0.0, le=1.0)


class NewKey(Value):
    """Who is to use a key."""

    name: str = Field(min_length=1, max_length=200)


class ShownKey(Value):
    """A key without its hash."""

    id: int
    project_id: int
    name: str
    hint: str
    created_at: datetime
    revoked_at: datetime | None


class MadeKey(ShownKey):
    """A key, and what its user shows; nobody is told that again."""

    key: str


@router.post("/releases/{version}/promote")
def promote(project_id: ProjectId, version: Version, decision: Decision, house: HouseOf) -> ReleaseRow:
    """Make a release the one that answers; its files and Gate D must let it pass."""
    return house.releases.promote(ids.ProjectId(project_id), version, reason=decision.reason)


@router.post("/releases/{version}/reject")
def reject(project_id: ProjectId, version: Version, decision: Decision, house: HouseOf) -> ReleaseRow:
    """Decide against a candidate."""
    return house.releases.reject(ids.ProjectId(project_id), version, reason=decision.reason)


@router.post("/releases/{version}/retire")
def retire(project_id: ProjectId, version: Version, decision: Decision, house: HouseOf) -> ReleaseRow:
    """Take a release off for good."""
    return house.releases.retire(ids.ProjectId(project_id), version, reason=decision.reason)


@router.post("/releases/{version}/canary")
def canary(project_id: ProjectId, version: Version, canary: Canary, house: HouseOf) -> ReleaseRow:
    """Give a candidate a share of the endpoint's conversations."""
    return house.releases.set_canary(ids.ProjectId(project_id), version, canary.share, reason=canary.reason)


@router.post("/rollback")
def rollback(project_id: ProjectId, decision: Decision, house: HouseOf) -> ReleaseRow:
    """Take the live release back; the one that was live before it answers again."""
    return house.releases.rollback(ids.ProjectId(project_id), reason=decision.reason)


@router.get("/endpoint")
def endpoint(project_id: ProjectId, house: HouseOf, hours: Hours = 24.0) -> EndpointStatus:
    """Say who answers, and how fast."""
    return status_of(house.releases, house.requests, ids.ProjectId(project_id), hours=hours, fleet=house.fleet)


@router.get("/endpoint/requests")
def requests(
    project_id: ProjectId,
    house: HouseOf,
    hours: Hours = 24.0,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many, the newest.")] = 100,
) -> tuple[LoggedRequest, ...]:
    """List what the endpoint was asked, the oldest first."""
    return house.requests.since(ids.ProjectId(project_id), timedelta(hours=hours), limit=limit)


@router.get("/drift")
def drift(project_id: ProjectId, house: HouseOf) -> DriftReport | None:
    """Show what the last drift check found; null where there was none."""
    house.projects.get(ids.ProjectId(project_id))
    return house.drift.last(ids.ProjectId(project_id))


@router.post("/drift/check")
def check_drift(project_id: ProjectId, house: HouseOf) -> DriftReport:
    """Check the endpoint for drift now: golden replay, and traffic against the release's first time."""
    return house.drift.check(ids.ProjectId(project_id))


@router.get("/keys")
def keys(project_id: ProjectId, house: HouseOf) -> tuple[ShownKey, ...]:
    """List the keys of the endpoint; also those that were revoked."""
    return tuple(ShownKey.model_validate(_shown(key)) for key in house.keys.list(ids.ProjectId(project_id)))


@router.post("/keys", status_code=201)
def make_key(project_id: ProjectId, new: NewKey, house: HouseOf) -> MadeKey:
    """Make a key. This answer is the only place where it is shown."""
    key, secret = house.keys.create(ids.ProjectId(project_id), new.name)
    return MadeKey.model_validate({**_shown(key), "key": secret})


@router.delete("/keys/{key_id}")
def revoke(
    project_id: ProjectId,
    key_id: Annotated[int, Path(ge=1, le=LARGEST, description="The key's id.")],
    house: HouseOf,
) -> ShownKey:
    """Let a key open nothing any more."""
    return ShownKey.model_validate(_shown(house.keys.revoke(ids.ProjectId(project_id), key_id)))


@router.get("/checkpoints")
def checkpoints(project_id: ProjectId, house: HouseOf) -> tuple[TriedCheckpoint, ...]:
    """List the checkpoints that can be talked to in the Studio, those of the newest experiments first."""
    return house.fleet.trials.list(ids.ProjectId(project_id))


@router.post("/chat", include_in_schema=False)
async def chat(project_id: ProjectId, request: Request) -> Response:
    """Ask from the Studio: the body is that of `/v1/chat/completions`; base and checkpoints answer, too."""
    return await answer(request, Client(None, ids.ProjectId(project_id)), "chat/completions")


def _shown(key: EndpointKey) -> dict[str, object]:
    return key.model_dump(exclude={"sha256"})
