"""Projects: creating, finding, and saying where each stands."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from brewslm.core.artifacts.base import ArtifactKind, ArtifactRecord
from brewslm.core.errors import InvalidRequestError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import ProjectCreated
from brewslm.core.events.reasons import TAXONOMY, Reason, Severity
from brewslm.core.experiment import Experiment
from brewslm.core.ids import ArtifactId, ProjectId, RunId
from brewslm.core.job import Job, JobStatus
from brewslm.core.ports.storage import Transaction
from brewslm.core.project import BUNDLED_BASE_MODEL, Project, Template
from brewslm.core.stage import Stage
from brewslm.core.stage_name import StageName
from brewslm.core.value import Value
from brewslm.services.ports import Ports
from brewslm.services.recording import Origin, emit_event

MAX_NAME_LENGTH = 100


class StageEvent(Value):
    """What happened last in a stage."""

    seq: int
    reason: Reason
    severity: Severity
    summary: str
    occurred_at: datetime


class StageState(Value):
    """Where a project stands in one stage."""

    number: int
    name: StageName
    title: str
    is_optional: bool
    status: JobStatus | None
    """Of the newest job of that stage; None where it never ran."""
    job_id: int | None
    artifact_id: ArtifactId | None
    """What the newest completed job made."""
    event: StageEvent | None
    """The last one of the newest job; None where it never ran."""
    next_step: str
    """What to do to go on; empty where nothing is in the way."""


class Projects:
    """The project service."""

    def __init__(self, ports: Ports, *, actor: str) -> None:
        """Bind it to the ports; `actor` is who events name."""
        self._ports = ports
        self._actor = actor

    def create(
        self, name: str, *, template: Template = "general", base_model: str = BUNDLED_BASE_MODEL, seed: int = 42
    ) -> Project:
        """Create a project.

        Raises:
            InvalidRequestError: the name is empty, too long or has control characters.
            ConflictError: the name is taken.
            BaseModelError: there is no such base model.
        """
        if not name.strip() or len(name) > MAX_NAME_LENGTH or not name.isprintable():
            message = f"project name {name!r} is not 1 to {MAX_NAME_LENGTH} printable characters; choose another"
            raise InvalidRequestError(message)
        self._ports.base_models.locate(base_model)
        now = self._ports.clock.now()
        with self._ports.storage.write() as transaction:
            project = transaction.projects.add(
                name=name, template=template, base_model=base_model, seed=seed, created_at=now
            )
            emit_event(
                transaction,
                Draft(
                    reason=Reason.PROJECT_CREATED,
                    summary=f"Project {project.id} {name!r} was created on base model {base_model!r}",
                    payload=ProjectCreated(name=name, template=template, base_model=base_model),
                ),
                origin=Origin(project_id=project.id, run_id=RunId(f"project-{project.id}"), actor=self._actor),
                occurred_at=now,
            )
        self._ports.store.project_folder(project.id)
        return project

    def get(self, project_id: ProjectId) -> Project:
        """Return it, or raise NotFoundError."""
        with self._ports.storage.read() as transaction:
            return transaction.projects.get(project_id)

    def list(self) -> tuple[Project, ...]:
        """All projects, by id."""
        with self._ports.storage.read() as transaction:
            return transaction.projects.list()

    def stages(self, project_id: ProjectId) -> tuple[StageState, ...]:
        """Return the eleven stages with their newest state; rows read only for an evaluation do not count."""
        with self._ports.storage.read() as transaction:
            transaction.projects.get(project_id)
            jobs = transaction.jobs.list(project_id=project_id, limit=100_000)
            shelf = {record.kind for record in transaction.artifacts.list(project_id=project_id, kind=None)}
            return tuple(_stage_state(transaction, number, stage, jobs, shelf) for number, stage in _numbered())

    def artifacts(
        self, project_id: ProjectId | None = None, *, kind: ArtifactKind | None = None
    ) -> tuple[ArtifactRecord, ...]:
        """The ledger, oldest first."""
        with self._ports.storage.read() as transaction:
            if project_id is not None:
                transaction.projects.get(project_id)
            return transaction.artifacts.list(project_id=project_id, kind=kind)

    def artifact(self, project_id: ProjectId, artifact_id: ArtifactId) -> ArtifactRecord:
        """One row of the ledger, or NotFoundError."""
        with self._ports.storage.read() as transaction:
            return transaction.artifacts.get(project_id, artifact_id)

    def experiments(self, project_id: ProjectId) -> tuple[Experiment, ...]:
        """A project's experiments, by id."""
        with self._ports.storage.read() as transaction:
            transaction.projects.get(project_id)
            return transaction.experiments.list(project_id)

    def current(self, project_id: ProjectId, *stages: StageName) -> ArtifactId | None:
        """What the newest completed job of one of these stages made; rows read only for an evaluation do not count."""
        with self._ports.storage.read() as transaction:
            jobs = transaction.jobs.list(project_id=project_id, statuses=[JobStatus.COMPLETED], limit=100_000)
            if "prepare" in stages and (activated := _activated(transaction, project_id, jobs)) is not None:
                return activated
            for job in jobs:
                if job.kind in stages and not _is_of_evaluation(job):
                    return job.artifact_id
        return None

    def activated_manifest(self, project_id: ProjectId) -> ArtifactId | None:
        """The manifest that a user has made the current one; None once there is a newer manifest or dataset."""
        with self._ports.storage.read() as transaction:
            jobs = transaction.jobs.list(project_id=project_id, statuses=[JobStatus.COMPLETED], limit=100_000)
            return _activated(transaction, project_id, jobs)


def _numbered() -> tuple[tuple[int, Stage[Any, Any]], ...]:
    from brewslm.lifecycle import LIFECYCLE

    return tuple(enumerate(LIFECYCLE, start=1))


def _stage_state(
    transaction: Transaction, number: int, stage: Stage[Any, Any], jobs: Sequence[Job], shelf: set[ArtifactKind]
) -> StageState:
    own = [job for job in jobs if job.kind == stage.name and not _is_of_evaluation(job)]
    newest = own[0] if own else None
    done = [job for job in own if job.status is JobStatus.COMPLETED]
    return StageState(
        number=number,
        name=stage.name,
        title=stage.title,
        is_optional=stage.optional,
        status=newest.status if newest else None,
        job_id=newest.id if newest else None,
        artifact_id=done[0].artifact_id if done else None,
        event=_last_event(transaction, newest) if newest else None,
        next_step=_next_step(newest) if newest else _first_step(stage, shelf),
    )


def _last_event(transaction: Transaction, job: Job) -> StageEvent | None:
    events = transaction.events.list(run_id=job.run_id)
    if not events:
        return None
    last = events[-1]
    return StageEvent(
        seq=last.seq, reason=last.reason, severity=last.severity, summary=last.summary, occurred_at=last.occurred_at
    )


def _next_step(job: Job) -> str:
    if job.status is JobStatus.FAILED and job.reason is not None:
        return TAXONOMY[job.reason].next_step
    if job.status is JobStatus.CANCELLED:
        return f"Run it again: `brewslm jobs retry {job.id}`."
    return job.waiting_reason or ""


def _first_step(stage: Stage[Any, Any], shelf: set[ArtifactKind]) -> str:
    """Say what a stage that never ran needs: the earliest stage whose product is missing."""
    for kind in stage.consumes:
        if kind not in shelf:
            number, maker = next((number, one) for number, one in _numbered() if one.produces == kind)
            return f"Needs a {kind.replace('_', ' ')}: {number:02d} {maker.title} makes it."
    if not stage.consumes:
        return "Bring in data."
    return (
        "Run it where it is wanted; everything that it needs is there."
        if stage.optional
        else "Run it; everything that it needs is there."
    )


def activations_of(project_id: ProjectId) -> RunId:
    """The run under which the activations of a project's manifests are recorded."""
    return RunId(f"manifests-{project_id}")


_SUPERSEDING = frozenset({"prepare", "clean", "map_commit"})


def _activated(transaction: Transaction, project_id: ProjectId, jobs: Sequence[Job]) -> ArtifactId | None:
    """The manifest that was activated last, unless a job that makes a dataset or a manifest has completed since."""
    events = transaction.events.list(project_id=project_id, run_id=activations_of(project_id), limit=100_000)
    if not events:
        return None
    newest = next((job for job in jobs if job.kind in _SUPERSEDING and not _is_of_evaluation(job)), None)
    if newest is not None:
        done = transaction.events.list(project_id=project_id, run_id=newest.run_id)
        if done and done[-1].seq > events[-1].seq:
            return None
    return ArtifactId(str(events[-1].payload["manifest_id"]))


def _is_of_evaluation(job: Job) -> bool:
    return job.parent_id is not None and (job.idempotency_key or "").startswith("evaluation:")
