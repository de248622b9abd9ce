"""The event of a decision, whoever made it."""

from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import GateDecided
from brewslm.core.events.reasons import Reason
from brewslm.core.outcome.approval import GateState, StageGate


def decided_draft(gate: StageGate) -> Draft:
    """Say who decided what, and why."""
    is_approved = gate.state is GateState.APPROVED
    payload = GateDecided(
        gate_id=gate.id,
        stage=gate.stage,
        job_id=gate.job_id,
        artifact_id=gate.artifact_id,
        actor=gate.actor or "",
        note=gate.note,
    )
    why = f": {gate.note}" if gate.note else ""
    word = "approved" if is_approved else "rejected"
    return Draft(
        reason=Reason.GATE_APPROVED if is_approved else Reason.GATE_REJECTED,
        summary=f"Gate {gate.id} of {gate.stage} (job {gate.job_id}) was {word} by {gate.actor}{why}",
        payload=payload,
    )
