"""Sweeps: asking for them, and looking at how their trainings compare.

A sweep has no row of its own. Its trainings are autopilot jobs like any other, each with its place in the line, which
name the sweep that they belong to; so they run side by side wherever there is room, and are paused, cancelled, resumed
and done again as any other.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.errors import ConflictError, NotFoundError
from brewslm.core.ids import ArtifactId, ExperimentId, JobId, ProjectId
from brewslm.core.job import Job, JobStatus
from brewslm.core.ports.reading.views import JobQuery
from brewslm.core.ports.storage import Transaction
from brewslm.core.value import Value
from brewslm.services.jobs.queue import Jobs
from brewslm.services.jobs.views import JobViews
from brewslm.services.ports import Ports
from brewslm.services.projects import Projects
from brewslm.services.requests import AutopilotRequest, Scalar, SweepPlace
from brewslm.services.shelf import ProjectShelf
from brewslm.services.sweeps.requests import SweepRequest
from brewslm.stages.preflight.contract import PreflightInputs
from brewslm.stages.preflight.planning import resolve_recipe

_PAGE = 200


class SweepRun(Value):
    """One training of a sweep, and what came of it."""

    job_id: JobId
    """Of the newest job that does it."""
    values: dict[str, Scalar]
    """Of the fields in which the trainings differ."""
    status: JobStatus
    message: str
    """How far it is, what it waits for, or why it failed."""
    experiment_id: ExperimentId | None = None
    step: int | None = None
    """Of the best checkpoint."""
    eval_loss: float | None = None
    """Of that checkpoint on the eval split, mean nats a trained token."""
    base_eval_loss: float | None = None
    verdict: str | None = None
    """Of its evaluation on the test split, beside the base."""
    passed: bool | None = None
    """Whether every gate of its evaluation let it pass."""


class Sweep(Value):
    """The trainings of a sweep: those that ended first, by eval loss, the lowest first."""

    name: str
    project_id: ProjectId
    manifest_id: ArtifactId | None
    fields: tuple[str, ...]
    created_at: datetime
    runs: tuple[SweepRun, ...]

    @property
    def best(self) -> SweepRun | None:
        """The one with the lowest eval loss, of those that ended."""
        return next((run for run in self.runs if run.eval_loss is not None), None)

    @property
    def num_open(self) -> int:
        """How many have not ended."""
        return sum(not run.status.is_final for run in self.runs)


class Sweeps:
    """What the faces ask."""

    def __init__(self, ports: Ports, projects: Projects, jobs: Jobs, views: JobViews) -> None:
        """Bind it."""
        self._ports, self._projects, self._jobs, self._views = ports, projects, jobs, views

    def start(self, project_id: ProjectId, request: SweepRequest, *, priority: int = 0) -> Sweep:
        """Queue every training of a sweep, or those that are missing of one that was asked for before.

        Raises:
            NotFoundError: there is no such project, or nothing is prepared.
            InvalidRequestError: a combination makes no recipe; nothing was queued.
            ConflictError: there is a sweep of that name with other trainings.
        """
        project = self._projects.get(project_id)
        manifest = self._manifest(project_id, request.manifest_id)
        self._resolve(request, manifest, seed=project.seed)
        name = request.name or self._next_name(project_id)
        place = SweepPlace(name=name, fields=tuple(request.grid))
        for number, cell in enumerate(request.cells):
            wanted = AutopilotRequest(
                profile=request.profile,
                overrides={**request.overrides, **cell},
                manifest_id=manifest.id,
                sweep=place,
            )
            key = f"sweep:{name}:{number}"
            try:
                self._jobs.submit(project_id, "autopilot", wanted, idempotency_key=key, priority=priority)
            except ConflictError as error:
                message = f"sweep {name!r} of project {project_id} has other trainings; choose another name"
                raise ConflictError(message) from error
        return self.get(project_id, name)

    def get(self, project_id: ProjectId, name: str) -> Sweep:
        """Return a sweep as it is now.

        Raises:
            NotFoundError: the project has none of that name.
        """
        found = self._grouped(project_id).get(name)
        if found is None:
            message = (
                f"project {project_id} has no sweep {name!r}; `brewslm sweep list --project {project_id}` shows all"
            )
            raise NotFoundError(message)
        return self._sweep(project_id, name, found)

    def all(self, project_id: ProjectId) -> tuple[Sweep, ...]:
        """Return the project's sweeps, newest first.

        Raises:
            NotFoundError: there is no such project.
        """
        self._projects.get(project_id)
        return tuple(self._sweep(project_id, name, jobs) for name, jobs in self._grouped(project_id).items())

    def cancel(self, project_id: ProjectId, name: str) -> Sweep:
        """Ask every training that has not ended to stop.

        Raises:
            NotFoundError: the project has no sweep of that name.
        """
        for run in self.get(project_id, name).runs:
            with suppress(ConflictError):  # it has ended
                self._jobs.cancel(run.job_id)
        return self.get(project_id, name)

    def _manifest(self, project_id: ProjectId, manifest_id: ArtifactId | None) -> Manifest:
        wanted = manifest_id or self._projects.activated_manifest(project_id)
        wanted = wanted or self._projects.current(project_id, "prepare")
        if wanted is None:
            message = (
                f"project {project_id} has no prepared data; make some with `brewslm prepare --project {project_id}`"
            )
            raise NotFoundError(message)
        return ProjectShelf(self._ports.storage, self._ports.store, project_id).read(Manifest, wanted)

    def _resolve(self, request: SweepRequest, manifest: Manifest, *, seed: int) -> None:
        base, machine = self._ports.base_models.facts(manifest.base_model), self._ports.machine.facts()
        for cell in request.cells:
            inputs = PreflightInputs(
                manifest_id=manifest.id,
                base_model=manifest.base_model,
                profile=request.profile,
                overrides={**request.overrides, **cell},
            )
            resolve_recipe(inputs, manifest, base, machine, seed=seed)

    def _next_name(self, project_id: ProjectId) -> str:
        taken, number = self._grouped(project_id), 1
        while f"sweep-{number}" in taken:
            number += 1
        return f"sweep-{number}"

    def _grouped(self, project_id: ProjectId) -> dict[str, list[Job]]:
        """Return the jobs of each sweep; the newest sweep first, the newest job of it first."""
        found: dict[str, list[Job]] = {}
        before: JobId | None = None
        while True:
            query = JobQuery(project_id=project_id, kinds=("autopilot",), before_id=before, limit=_PAGE)
            page = self._views.find(query)
            for job in page:
                if place := job.payload.get("sweep"):
                    found.setdefault(place["name"], []).append(job)
            if len(page) < _PAGE:
                return found
            before = page[-1].id

    def _sweep(self, project_id: ProjectId, name: str, jobs: Sequence[Job]) -> Sweep:
        request = AutopilotRequest.model_validate(jobs[-1].payload)
        fields = request.sweep.fields if request.sweep is not None else ()
        retried = {job.retry_of for job in jobs}
        with self._ports.storage.read() as transaction:
            runs = [_run(transaction, job, fields) for job in reversed(jobs) if job.id not in retried]
        runs.sort(key=lambda run: (run.eval_loss is None, run.eval_loss or 0.0, run.job_id))
        return Sweep(
            name=name,
            project_id=project_id,
            manifest_id=request.manifest_id,
            fields=fields,
            created_at=jobs[-1].created_at,
            runs=tuple(runs),
        )


def _run(transaction: Transaction, job: Job, fields: Sequence[str]) -> SweepRun:
    steps = {step.kind: step for step in reversed(transaction.jobs.list(parent_id=job.id))}
    trained, compared = steps.get("train"), steps.get("evaluate")
    adapter, report, chosen = None, None, job.payload["overrides"]
    if trained is not None and trained.artifact_id is not None:
        adapter = Adapter.model_validate(transaction.artifacts.get(job.project_id, trained.artifact_id).body)
    if compared is not None and compared.artifact_id is not None:
        report = EvalReport.model_validate(transaction.artifacts.get(job.project_id, compared.artifact_id).body)
    return SweepRun(
        job_id=job.id,
        values={field: chosen[field] for field in fields if field in chosen},
        status=job.status,
        message=job.error or job.waiting_reason or ("" if job.status.is_final else job.message),
        experiment_id=None if adapter is None else adapter.experiment_id,
        step=None if adapter is None else adapter.step,
        eval_loss=None if adapter is None else adapter.eval_loss,
        base_eval_loss=None if adapter is None else adapter.base_eval_loss,
        verdict=None if report is None else report.verdict,
        passed=None if report is None else all(gate.passed for gate in report.gates),
    )
