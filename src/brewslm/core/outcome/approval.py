"""The gate at the end of a stage: who decides whether what it made may be used, and what was decided."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from brewslm.core.ids import ArtifactId, JobId, ProjectId
from brewslm.core.stage_name import StageName
from brewslm.core.value import Value

GateMode = Literal["auto", "auto-judge", "human"]
"""`auto`: the stage's own checks decide. `auto-judge`: a language model must agree. `human`: a person must."""


class GateState(StrEnum):
    """Whether what a stage made may be used."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"


class StageGate(Value):
    """One question about what one stage run made. Under `auto` none is asked."""

    id: int
    project_id: ProjectId
    stage: StageName
    mode: GateMode
    job_id: JobId
    """The stage run."""
    flow_id: JobId | None
    """The flow that waits for the answer, where the stage run is a step of one."""
    artifact_id: ArtifactId
    state: GateState = GateState.WAITING
    question: str
    """What was made, its key figures, and where to look."""
    note: str = ""
    """Why it was decided so, or why the judge did not decide."""
    actor: str | None = None
    """Who decided; None while it waits."""
    opened_at: datetime
    decided_at: datetime | None = None
