"""A job: work that may take long, with its states and allowed transitions as data."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from brewslm.core.ids import ArtifactId, JobId, ProjectId, RunId
from brewslm.core.reason import Reason
from brewslm.core.stage_name import StageName
from brewslm.core.value import Value
from brewslm.core.wire.recovery import Question


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
"""`running` to `queued` is what happens to work that is set aside: paused, or waiting for an answer."""

FlowName = Literal["import", "autopilot", "evaluation", "optimize", "golden", "benchmark", "forecast", "review"]
StepName = Literal["probe"]
"""Steps of flows that are no stage. `probe`: one candidate of a benchmark."""
JobKind = StageName | FlowName | StepName

HEAVY: frozenset[str] = frozenset(
    {"train", "autopilot", "evaluate", "evaluation", "export", "deploy", "optimize", "benchmark", "forecast", "probe"}
)
"""Kinds that use the device; one at a time on each. Everything else runs beside them."""
MOVABLE: frozenset[str] = frozenset({"evaluate", "evaluation", "export", "benchmark", "forecast"})
"""Kinds whose work a cluster may do, where that is asked for; of a training, its recipe says so."""
PAUSABLE: frozenset[str] = frozenset({"train", "autopilot"})
"""Kinds that a checkpoint can interrupt without a loss."""
MAX_PRIORITY = 1000
"""Of either sign."""


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
    priority: int = 0
    """Of work that waits for a device, the highest goes first; of equal ones, the lowest id."""
    retry_of: JobId | None = None
    """The failed or cancelled job that this one does again."""
    device: str | None = None
    """Where it runs: `cpu`, `gpu:0`, `machine` for all devices, `slurm:2` for a slot of a cluster; None where it uses
    none. Of a queued one, what it asks for: `machine`, or a cluster by name; None for any device."""
    fraction: float = 0.0
    message: str = ""
    attempt: int = 0
    lease_owner: str | None = None
    lease_expires_at: datetime | None = None
    is_cancel_requested: bool = False
    is_pause_requested: bool = False
    """A running job is to be set aside at its next checkpoint; a queued one is not taken up."""
    waiting_reason: str | None = None
    """Why a queued job is not running, for people."""
    question: Question | None = None
    """What a person is, or was last, asked before it goes on (`recovery: ask`)."""
    gate_id: int | None = None
    """The gate at which a flow waits for a decision."""
    artifact_id: ArtifactId | None = None
    reason: Reason | None = None
    error: str | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    version: int = 0
    """Rises with every change; a change names the version that it saw (compare-and-set)."""

    @property
    def is_held(self) -> bool:
        """Whether it is queued, and yet not to be taken up before a person says so."""
        is_waiting = self.is_pause_requested or self.is_asking or self.gate_id is not None
        return self.status is JobStatus.QUEUED and is_waiting

    @property
    def is_asking(self) -> bool:
        """Whether it waits for an answer."""
        return not self.status.is_final and self.question is not None and self.question.answer is None
