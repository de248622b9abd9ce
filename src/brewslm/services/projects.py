"""Projects: creating, finding, and saying where each stands."""

from collections.abc import Sequence

from brewslm.core.artifacts.base import ArtifactKind, ArtifactRecord
from brewslm.core.errors import InvalidRequestError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import ProjectCreated
from brewslm.core.events.reasons import Reason
from brewslm.core.experiment import Experiment
from brewslm.core.ids import ArtifactId, ProjectId, RunId
from brewslm.core.job import Job, JobStatus
from brewslm.core.ports.storage import Transaction
from brewslm.core.project import BUNDLED_BASE_MODEL, Project, Template
from brewslm.core.stage_name import StageName
from brewslm.core.value import Value
from brewslm.lifecycle import LIFECYCLE
from brewslm.services.ports import Ports
from brewslm.services.recording import Origin, emit_event

MAX_NAME_LENGTH = 100


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
        states = []
        for number, stage in enumerate(LIFECYCLE, start=1):
            own = [job for job in jobs if job.kind == stage.name and not _is_of_evaluation(job)]
            done = [job for job in own if job.status is JobStatus.COMPLETED]
            states.append(
                StageState(
                    number=number,
                    name=stage.name,
                    title=stage.title,
                    is_optional=stage.optional,
                    status=own[0].status if own else None,
                    job_id=own[0].id if own else None,
                    artifact_id=done[0].artifact_id if done else None,
                )
            )
        return tuple(states)

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
