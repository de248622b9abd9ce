"""The one way from a draft to a RunEvent, and from an artifact to the ledger's row."""

from dataclasses import dataclass
from datetime import datetime

from brewslm.core.alerts.notification import notification_of
from brewslm.core.artifacts.base import Artifact, ArtifactRecord
from brewslm.core.events.base import Draft, NewEvent, RunEvent, stage_of
from brewslm.core.events.failure import FAILURES
from brewslm.core.events.lifecycle import EventInvalid
from brewslm.core.events.notices import NOTICES
from brewslm.core.events.payloads import PAYLOADS
from brewslm.core.events.reasons import TAXONOMY, Reason
from brewslm.core.ids import ArtifactId, ProjectId, RunId
from brewslm.core.job import Job
from brewslm.core.ports.storage import Transaction


@dataclass(frozen=True, slots=True)
class Origin:
    """Who and what an event is about."""

    project_id: ProjectId | None
    """None for events of the workspace."""
    run_id: RunId
    actor: str
    parent_run_id: RunId | None = None


def emit_event(
    transaction: Transaction,
    draft: Draft,
    *,
    origin: Origin,
    occurred_at: datetime,
) -> RunEvent:
    """Append an event in the caller's transaction, and there too what people are told of it.

    A payload of the wrong type is kept inside `system_event_invalid`.
    """
    wanted = PAYLOADS[draft.reason]
    reason, summary, payload = draft.reason, draft.summary, draft.payload.model_dump(mode="json")
    if type(draft.payload) is not wanted:
        problem = f"{draft.reason} wants {wanted.__name__}, got {type(draft.payload).__name__}"
        original = {"reason": str(draft.reason), "summary": draft.summary, "payload": payload}
        reason, summary = Reason.SYSTEM_EVENT_INVALID, f"An event of the wrong shape was recorded: {problem}"
        payload = EventInvalid(problem=problem, original=original).model_dump(mode="json")
    event = NewEvent(
        project_id=origin.project_id,
        run_id=origin.run_id,
        parent_run_id=origin.parent_run_id,
        stage=stage_of(reason),
        severity=draft.severity if draft.severity and reason is draft.reason else TAXONOMY[reason].severity,
        reason=reason,
        actor=origin.actor,
        summary=" ".join(summary.split()),
        payload=payload,
        occurred_at=occurred_at,
    )
    recorded = transaction.events.append(event, recorded_at=occurred_at)
    _notify(transaction, recorded)
    return recorded


def _notify(transaction: Transaction, event: RunEvent) -> None:
    notice = NOTICES.get(event.reason)
    if notice is None:
        return
    if notice.telling == "unless_told" and FAILURES.intersection(transaction.notifications.of_steps(event.run_id)):
        return
    job = transaction.jobs.of_run(event.run_id)
    experiments = transaction.experiments.list(job.project_id) if job is not None else ()
    new = notification_of(
        event,
        job_id=job.id if job is not None else None,
        experiment_id=next((one.id for one in experiments if job is not None and one.job_id == job.id), None),
    )
    if new is not None:
        transaction.notifications.add(new)


def record_of(artifact: Artifact, job: Job, *, parents: tuple[ArtifactId, ...], created_at: datetime) -> ArtifactRecord:
    """Return the ledger's row of an artifact that `job` made from its parents."""
    return ArtifactRecord(
        project_id=job.project_id,
        id=artifact.id,
        kind=artifact.kind,
        schema_version=artifact.schema_version,
        content_hash=artifact.content_hash,
        body=artifact.model_dump(mode="json"),
        parents=parents,
        job_id=job.id,
        created_at=created_at,
    )
