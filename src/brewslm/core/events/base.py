"""The RunEvent, and the draft that becomes one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from brewslm.core.events.reasons import TAXONOMY, EventStage, Reason, Severity
from brewslm.core.ids import ProjectId, RunId
from brewslm.core.value import Value, sha256_of


@dataclass(frozen=True, slots=True)
class Draft:
    """What has happened, before it is known to which run it belongs."""

    reason: Reason
    summary: str
    """One line, past tense."""
    payload: Value
    """Of the type that `core/events/payloads.py` names for the reason."""
    severity: Severity | None = None
    """Where it is another one than the taxonomy's: an alert is as severe as its finding."""


class NewEvent(Value):
    """An event that is about to be recorded."""

    project_id: ProjectId | None
    """None for events of the workspace."""
    run_id: RunId
    parent_run_id: RunId | None = None
    stage: EventStage
    severity: Severity
    reason: Reason
    actor: str
    """`cli`, `api`, `system`, or the name of a monitor."""
    summary: str
    payload: dict[str, Any]
    occurred_at: datetime


class RunEvent(NewEvent):
    """A recorded event, with its place in the chain."""

    seq: int
    recorded_at: datetime
    prev_hash: str
    hash: str


FIRST_HASH = "0" * 64
"""`prev_hash` of the first event of a chain."""


def event_hash(event: NewEvent, *, seq: int, recorded_at: datetime, prev_hash: str) -> str:
    """Return the SHA-256 over the canonical JSON of the row and the hash before it, 64 hex digits."""
    row = event.model_dump(mode="json", include=set(NewEvent.model_fields))
    return sha256_of({**row, "seq": seq, "recorded_at": recorded_at.isoformat(), "prev_hash": prev_hash})


def stage_of(reason: Reason) -> EventStage:
    """The stage that a reason belongs to."""
    return TAXONOMY[reason].stage
