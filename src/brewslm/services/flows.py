"""Flows: several stage runs in a row, as one job with children. Running a flow again goes on where it stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from brewslm.core.artifacts.base import Artifact, ArtifactRecord
from brewslm.core.errors import BrewError, CancelledError
from brewslm.core.events.base import Draft
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ArtifactId, JobId
from brewslm.core.job import Job, JobStatus
from brewslm.core.ports.storage import Transaction
from brewslm.core.stage_name import StageName
from brewslm.core.value import Value
from brewslm.lifecycle import STAGES
from brewslm.services.engines.line import Place
from brewslm.services.gates.asking import pass_flow
from brewslm.services.jobs.claim import Claim, take
from brewslm.services.jobs.setting_aside import Aside, SetAsideError
from brewslm.services.ports import Ports
from brewslm.services.projects import Projects
from brewslm.services.shelf import ProjectShelf
from brewslm.services.stage_runs import StageRuns

Purpose = Literal["flow", "evaluation"]
"""`evaluation` marks rows that were read only to evaluate on; they never become the project's data."""


@dataclass(frozen=True, slots=True)
class FlowRun:
    """A flow that is being run: its claim, and the way to run its steps."""

    ports: Ports
    stage_runs: StageRuns
    claim: Claim
    owner: str
    place: Callable[[Transaction, Job], Place]
    """Says whether a step that does not have to run where the flow does may begin now, and where."""

    @property
    def shelf(self) -> ProjectShelf:
        """The project's shelf."""
        return ProjectShelf(self.ports.storage, self.ports.store, self.claim.job.project_id)

    @property
    def projects(self) -> Projects:
        """The project service, acting for this flow."""
        return Projects(self.ports, actor=self.claim.actor)

    def current(self, *stages: StageName) -> ArtifactId | None:
        """What the project's newest completed job of these stages made."""
        return self.projects.current(self.claim.job.project_id, *stages)

    def step(self, name: StageName, inputs: Value, *, share: float, purpose: Purpose = "flow") -> ArtifactId:
        """Run one stage as a child job, unless an earlier life of this flow has completed it.

        Args:
            name: the stage.
            inputs: its inputs.
            share: how far the flow is when this step begins, 0 to 1.
            purpose: what its product is for.

        Raises:
            GateWaitingError: a person has to let pass what the step made.
            BrewError: the step failed or was refused.
            SetAsideError: somebody asked for a pause, or the step waits for an answer.
        """
        if self.claim.wish() == "pause":
            raise SetAsideError(Aside(None))
        child = self._begin(name, inputs, purpose)
        if child.status is JobStatus.COMPLETED and child.artifact_id is not None:
            return self._passed(child.id, child.artifact_id)
        if child.status.is_final:
            message = child.error or f"{name} ended as {child.status}"
            ended = CancelledError if child.status is JobStatus.CANCELLED else BrewError
            raise ended(message, reason=child.reason)
        self.claim.phase(name)
        self.claim.progress(share, STAGES[name].title)
        claim = Claim(self.ports, child, owner=self.owner, actor=self.claim.actor, parent_run_id=self.claim.job.run_id)
        with claim.kept():
            artifact: Artifact = self.stage_runs.run(STAGES[name], claim)
        return self._passed(child.id, artifact.id)

    def _passed(self, child_id: JobId, artifact_id: ArtifactId) -> ArtifactId:
        """Return what a step made once its gate lets it pass."""
        with self.claim.reading() as transaction:
            pass_flow(transaction, child_id)
        return artifact_id

    def _begin(self, name: StageName, inputs: Value, purpose: Purpose) -> Job:
        """Return the step's job: as an earlier life of this flow ended it, or taken by this one.

        A step that was begun keeps the inputs that it was begun with, also where a retry of its flow does it again.
        """
        flow, now = self.claim.job, self.ports.clock.now()
        with self.ports.storage.write() as transaction:
            self.claim.stored(transaction)
            child = _step_of(transaction, flow, name, purpose)
            if child is None:
                before = _step_before(transaction, flow, name, purpose)
                if before is not None and before.status is JobStatus.COMPLETED:
                    return before
                child = transaction.jobs.add(
                    project_id=flow.project_id,
                    kind=name,
                    payload=inputs.model_dump(mode="json") if before is None else before.payload,
                    created_at=now,
                    parent_id=flow.id,
                    idempotency_key=f"{purpose}:{flow.id}:{name}",
                    retry_of=None if before is None else before.id,
                )
                if before is not None:
                    transaction.experiments.hand_over(from_job=before.id, to_job=child.id)
            if child.status.is_final:
                return child
            return take(transaction, child, owner=self.owner, now=now, device=flow.device)


def _step_of(transaction: Transaction, flow: Job, name: StageName, purpose: Purpose) -> Job | None:
    key = f"{purpose}:{flow.id}:{name}"
    return next((job for job in transaction.jobs.list(parent_id=flow.id) if job.idempotency_key == key), None)


def _step_before(transaction: Transaction, flow: Job, name: StageName, purpose: Purpose) -> Job | None:
    """Return the step of the flow that this one retries; None where it is to be done anew.

    What that flow refused, such as a readiness that says no, was judged by the world of then.
    """
    while flow.retry_of is not None:
        flow = transaction.jobs.get(flow.retry_of)
        step = _step_of(transaction, flow, name, purpose)
        if step is not None:
            newest = max(job.id for job in transaction.jobs.list(parent_id=flow.id))
            is_refused = flow.reason is Reason.PREFLIGHT_BLOCKED and step.id == newest
            return None if is_refused else step
    return None


@dataclass(frozen=True, slots=True)
class FlowOutcome:
    """How a flow ended well."""

    artifact_id: ArtifactId | None
    event: Draft
    made: ArtifactRecord | None = None
    """What the flow made itself, to be put on the shelf as it ends; what its steps made is there already."""


Flow = Callable[[dict[str, Any], FlowRun], FlowOutcome]
"""Takes the job's payload and the run."""
