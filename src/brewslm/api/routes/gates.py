"""Gates at the end of stages: what waits, the decisions, and who decides."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from brewslm.api.deps import HouseOf, OfProject, ProjectId
from brewslm.core import ids
from brewslm.core.outcome.approval import GateMode, GateState, StageGate
from brewslm.core.stage_name import StageName
from brewslm.core.value import Value

router = APIRouter(tags=["gates"])

GateId = Annotated[int, Path(ge=1, le=2**53, description="The gate's id.")]


class Decision(Value):
    """Why it was decided so."""

    note: str = Field("", max_length=4_000)


class Decider(Value):
    """Who decides."""

    mode: GateMode


@router.get("/gates")
def list_(
    house: HouseOf,
    project_id: OfProject = None,
    state: Annotated[GateState | None, Query(description="Only these; all without it.")] = None,
) -> tuple[StageGate, ...]:
    """List gates, the newest first."""
    project = ids.ProjectId(project_id) if project_id is not None else None
    return house.gates.list(project_id=project, state=state)


@router.get("/gates/{gate_id}")
def show(gate_id: GateId, house: HouseOf) -> StageGate:
    """Show one gate."""
    return house.gates.get(gate_id)


@router.post("/gates/{gate_id}/approve")
def approve(gate_id: GateId, house: HouseOf, decision: Decision | None = None) -> StageGate:
    """Let pass what the stage made; a flow that waits for it goes on."""
    return house.gates.decide(gate_id, GateState.APPROVED, note=decision.note if decision else "")


@router.post("/gates/{gate_id}/reject")
def reject(gate_id: GateId, house: HouseOf, decision: Decision | None = None) -> StageGate:
    """Keep what the stage made from being used; a flow that waits for it ends."""
    return house.gates.decide(gate_id, GateState.REJECTED, note=decision.note if decision else "")


@router.get("/projects/{project_id}/gates")
def modes(project_id: ProjectId, house: HouseOf) -> dict[StageName, GateMode]:
    """Tell who decides at the end of each stage."""
    return house.gates.modes(ids.ProjectId(project_id))


@router.put("/projects/{project_id}/gates/{stage}")
def set_mode(project_id: ProjectId, stage: StageName, decider: Decider, house: HouseOf) -> dict[StageName, GateMode]:
    """Say who decides at the end of a stage from now on."""
    return house.gates.set_mode(ids.ProjectId(project_id), stage, decider.mode)
