"""A job: work that may take long, with its states and allowed transitions as data."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from brewslm.core.ids import ArtifactId, JobId, ProjectId, RunId
from brewslm.core.reason import Reason
from brewslm.core.stage_name import StageName
from brewslm.core.value import Value


class JobStatus(StrEnum):
    """The public states."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing can follow."""
        return self in FINAL


FINAL = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})

TRANSITIONS: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.QUEUED: frozenset({JobStatus.RUNNING, JobStatus.CANCELLED, JobStatus.FAILED}),
    JobStatus.RUNNING: frozenset({JobStatus.QUEUED, *FINAL}),
    JobStatus.COMPLETED: frozenset(),
    JobStatus.FAILED: frozenset(),
    JobStatus.CANCELLED: frozenset(),
}
"""`running` to `queued` is what happens to work whose owner disappeared."""

FlowName = Literal["import", "autopilot", "evaluation", "optimize", "golden"]
JobKind = StageName | FlowName


class Job(Value):
    """One stage run, or one flow of several stage runs (its children)."""

    id: JobId
    project_id: ProjectId
    kind: JobKind
    run_id: RunId
    parent_id: JobId | None = None
    idempotency_key: str | None = None
    status: JobStatus = JobStatus.QUEUED
    phase: str = "queued"
    """Finer than the status, for people: `starting`, `training`, `recovering`, `cancelling`, …"""
    payload: dict[str, Any]
    """The inputs of the stage or the request of the flow, as JSON."""
    fraction: float = 0.0
    message: str = ""
    attempt: int = 0
    lease_owner: str | None = None
    lease_expires_at: datetime | None = None
    is_cancel_requested: bool = False
    artifact_id: ArtifactId | None = None
    reason: Reason | None = None
    error: str | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    version: int = 0
    """Rises with every change; a change names the version that it saw (compare-and-set)."""
