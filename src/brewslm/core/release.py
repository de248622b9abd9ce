"""A release: a bundle that passed its smoke test, on its way to clients, and the keys that clients show."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.value import Value


class ReleaseState(StrEnum):
    """Where a release stands."""

    CANDIDATE = "candidate"
    """It answered its smoke test; a share of the traffic may go to it."""
    LIVE = "live"
    """It answers the endpoint's clients; one of a project at most."""
    SUPERSEDED = "superseded"
    """It was live, and another one was promoted; a rollback makes it live again."""
    ROLLED_BACK = "rolled_back"
    """It was live and was taken back."""
    REJECTED = "rejected"
    """It was decided against."""
    RETIRED = "retired"
    """It was taken off for good."""


RELEASE_TRANSITIONS: dict[ReleaseState, frozenset[ReleaseState]] = {
    ReleaseState.CANDIDATE: frozenset({ReleaseState.LIVE, ReleaseState.REJECTED, ReleaseState.RETIRED}),
    ReleaseState.LIVE: frozenset({ReleaseState.SUPERSEDED, ReleaseState.ROLLED_BACK, ReleaseState.RETIRED}),
    ReleaseState.SUPERSEDED: frozenset({ReleaseState.LIVE, ReleaseState.RETIRED}),
    ReleaseState.ROLLED_BACK: frozenset({ReleaseState.LIVE, ReleaseState.RETIRED}),
    ReleaseState.REJECTED: frozenset(),
    ReleaseState.RETIRED: frozenset(),
}


class ReleaseRow(Value):
    """One version of a project's endpoint. The smoke test's evidence is the release artifact."""

    project_id: ProjectId
    version: int
    """Counts up from 1 within a project; shown as `v1`."""
    release_id: ArtifactId
    state: ReleaseState = ReleaseState.CANDIDATE
    created_at: datetime
    canary_share: float = Field(0.0, ge=0.0, le=1.0)
    """Of the endpoint's conversations, while it is a candidate."""
    reason: str = ""
    """Why it is in this state, in the words of who decided."""
    actor: str | None = None
    """Who decided last."""
    decided_at: datetime | None = None
    live_at: datetime | None = None
    """When it went live last."""


class EndpointKey(Value):
    """What a client shows to be answered by a project's endpoint. The key itself is kept nowhere."""

    id: int
    """Counts up over the workspace."""
    project_id: ProjectId
    name: str
    """For people: who uses it."""
    hint: str
    """The first characters, by which its owner knows it."""
    sha256: str = Field(repr=False)
    created_at: datetime
    revoked_at: datetime | None = None
