"""Rows for a ledger: small, valid, and made from what matters to a test."""

from datetime import UTC, datetime
from typing import Any, cast

from brewslm.core.artifacts.base import ArtifactKind, ArtifactRecord, artifact_id_of, content_hash_of
from brewslm.core.events.base import NewEvent
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ArtifactId, ProjectId, RunId
from brewslm.core.job import Job
from brewslm.core.ports.storage import Storage
from brewslm.core.project import Project

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def event(
    *,
    project_id: ProjectId | None = None,
    run_id: RunId = RunId("import-1"),  # noqa: B008 - an id is a string
    payload: dict[str, Any] | None = None,
    occurred_at: datetime = NOW,
    summary: str = "Something happened",
) -> NewEvent:
    return NewEvent(
        project_id=project_id,
        run_id=run_id,
        stage="project",
        severity="info",
        reason=Reason.PROJECT_CREATED,
        actor="test",
        summary=summary,
        payload={"n": 1} if payload is None else payload,
        occurred_at=occurred_at,
    )


def record(
    job: Job, body: dict[str, Any], *, kind: ArtifactKind = "snapshot", parents: tuple[ArtifactId, ...] = ()
) -> ArtifactRecord:
    content_hash = content_hash_of(kind, 1, body)
    return ArtifactRecord(
        project_id=job.project_id,
        id=artifact_id_of(kind, content_hash),
        kind=kind,
        schema_version=1,
        content_hash=content_hash,
        body=body,
        parents=parents,
        job_id=job.id,
        created_at=NOW,
    )


def shelve(storage: Storage, job: Job, *artifact_ids: str) -> None:
    """Put artifacts of these ids into the ledger, with nothing in them, as made by a job."""
    kinds = dict.fromkeys(artifact_ids)
    with storage.write() as transaction:
        for artifact_id in kinds:
            kind = cast(ArtifactKind, artifact_id.rpartition("-")[0])
            made = record(job, {"of": artifact_id}, kind=kind)
            transaction.artifacts.add(made.model_copy(update={"id": ArtifactId(artifact_id)}))


def fill(storage: Storage, *, num_projects: int = 1, num_events: int = 0) -> tuple[Project, ...]:
    """Put projects into the ledger, and events that belong to the workspace and to the projects in turn."""
    with storage.write() as transaction:
        projects = tuple(
            transaction.projects.add(
                name=f"project {number}", template="general", base_model="m", seed=1, created_at=NOW
            )
            for number in range(1, num_projects + 1)
        )
        owners = [None, *(project.id for project in projects)]
        for number in range(num_events):
            transaction.events.append(
                event(project_id=owners[number % len(owners)], payload={"n": number}), recorded_at=NOW
            )
    return projects
