"""A release: a bundle that passed its smoke test, on its way to clients."""

from datetime import datetime
from enum import StrEnum

from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.value import Value


class ReleaseState(StrEnum):
    """Where a release stands."""

    CANDIDATE = "candidate"


class ReleaseRow(Value):
    """One version of a project's endpoint. The smoke test's evidence is the release artifact."""

    project_id: ProjectId
    version: int
    """Counts up from 1 within a project; shown as `v1`."""
    release_id: ArtifactId
    state: ReleaseState = ReleaseState.CANDIDATE
    created_at: datetime
