"""The ritual around a stage. This is the only place that knows it."""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace

from brewslm.core.alerts.facts import MonitoringFacts, nothing_known
from brewslm.core.artifacts.base import Artifact, ArtifactKind, ArtifactRecord, references_of
from brewslm.core.context import StageContext
from brewslm.core.errors import BrewError, CancelledError, GateRefusedError, LedgerUnavailableError
from brewslm.core.events.base import Draft
from brewslm.core.events.failure import FAILURES, Failure
from brewslm.core.events.reasons import Reason
from brewslm.core.experiment import Experiment
from brewslm.core.finding import Finding
from brewslm.core.gate import judge
from brewslm.core.ids import ArtifactId, ExperimentId
from brewslm.core.job import Job, JobStatus
from brewslm.core.ports.storage import Transaction
from brewslm.core.stage import Stage
from brewslm.core.value import Value
from brewslm.services.failures import classify
from brewslm.services.gates.asking import ask, open_gate, pass_inputs
from brewslm.services.jobs.claim import Claim
from brewslm.services.jobs.setting_aside import SetAsideError, put_back
from brewslm.services.jobs.supervision import Supervisor
from brewslm.services.ports import Ports
from brewslm.services.recording import record_of
from brewslm.services.shelf import ProjectShelf, named_artifacts

Entry = Callable[[Transaction, ArtifactRecord], None]
"""What else is entered in the books together with an artifact of one kind."""


class StageRuns:
    """Runs one stage for one claimed job: check, run, record, emit."""

    def __init__(
        self,
        ports: Ports,
        *,
        entries: Mapping[ArtifactKind, Entry],
        monitoring: Callable[[bool], MonitoringFacts] = nothing_known,
        longest_without_benchmark_minutes: float | None = None,
    ) -> None:
        """Bind it to the ports; `entries` are written in the transaction that puts an artifact on the shelf."""
        self._ports = ports
        self._monitoring = monitoring
        self._longest_without_benchmark = longest_without_benchmark_minutes
        self._entries = entries

    def run(self, stage: Stage[Value, Artifact], claim: Claim) -> Artifact:
        """Run `stage` for the claimed job, and record how it ended.

        Raises:
            BrewError: the stage failed or was refused; this is recorded already.
            ClaimLostError: another process has taken the job over; nothing was recorded.
            SetAsideError: it was paused, or waits for an answer; its job is queued again.
            LedgerUnavailableError: nothing was recorded; the job is taken up again when its lease has run out.
        """
        try:
            return self._work(stage, claim)
        except SetAsideError as error:
            put_back(claim, error.aside)
            raise
        except LedgerUnavailableError:
            raise
        except BrewError as error:
            record_failure(claim, error)
            raise
        except Exception as error:
            known = classify(error, claim.job.kind)
            record_failure(claim, known, detail="".join(traceback.format_exception(error)[-4:]))
            raise known from error

    def _work(self, stage: Stage[Value, Artifact], claim: Claim) -> Artifact:
        job = claim.job
        if job.attempt == 1:
            # In a later life a worker may be running: the stage has to find and stop it.
            claim.raise_if_cancelled()
        inputs = stage.inputs.model_validate(job.payload)
        parents = self._fetch(inputs, job)
        shelf = ProjectShelf(self._ports.storage, self._ports.store, job.project_id)
        context = self._context(claim, shelf)
        try:
            warnings = _pass_gate([check.test(inputs, context) for check in stage.contract.before])
            artifact = stage.run(inputs, context)
            warnings += _pass_gate([check.test(artifact, context) for check in stage.contract.after])
        finally:
            shelf.discard_drafts()
        draft = stage.report(artifact)
        summary = " ".join([draft.summary, *(f"{finding.seen} {finding.next_step}".strip() for finding in warnings)])
        self._record(claim, stage, artifact, parents=parents, draft=replace(draft, summary=summary))
        return artifact

    def _fetch(self, inputs: Value, job: Job) -> tuple[ArtifactId, ...]:
        with self._ports.storage.read() as transaction:
            found = named_artifacts(transaction, job.project_id, inputs)
            pass_inputs(transaction, job, found)
        return found

    def _context(self, claim: Claim, shelf: ProjectShelf) -> StageContext:
        job, ports = claim.job, self._ports
        with ports.storage.read() as transaction:
            project = transaction.projects.get(job.project_id)
            gate_modes = transaction.gate_modes.of(job.project_id)
        folder = ports.store.project_folder(job.project_id) / "experiments"

        def open_experiment(plan_id: ArtifactId) -> Experiment:
            with ports.storage.write() as transaction:
                return transaction.experiments.add(
                    project_id=job.project_id, job_id=job.id, plan_id=plan_id, created_at=ports.clock.now()
                )

        def own_experiment() -> Experiment | None:
            with ports.storage.read() as transaction:
                found = transaction.experiments.list(job.project_id)
            return next((one for one in found if one.job_id == job.id), None)

        def find_experiment(experiment_id: ExperimentId) -> Experiment:
            with ports.storage.read() as transaction:
                return transaction.experiments.get(job.project_id, experiment_id)

        return StageContext(
            project=project,
            run_id=job.run_id,
            job_id=job.id,
            shelf=shelf,
            tables=ports.tables,
            similarity=ports.similarity,
            sources=ports.sources,
            advisor=ports.advisor,
            base_models=ports.base_models,
            machine=ports.machine,
            workers=Supervisor(ports, claim, folder),
            clock=ports.clock,
            painter=ports.painter,
            open_experiment=open_experiment,
            own_experiment=own_experiment,
            find_experiment=find_experiment,
            emit=claim.emit,
            progress=claim.progress,
            is_cancelled=claim.is_cancelled,
            mappers=ports.mappers,
            monitoring=self._monitoring,
            measurements=ports.measurements,
            look_at_cluster=ports.clusters.look,
            device=job.device,
            gate_modes=gate_modes,
            has_judge=ports.judge.is_there,
            open_judge=ports.open_judge,
            open_upstream=ports.open_upstream,
            longest_without_benchmark_minutes=self._longest_without_benchmark,
        )

    def _record(
        self,
        claim: Claim,
        stage: Stage[Value, Artifact],
        artifact: Artifact,
        *,
        parents: tuple[ArtifactId, ...],
        draft: Draft,
    ) -> None:
        now = self._ports.clock.now()
        found = (one for _, one in references_of(artifact))
        every_parent = tuple(dict.fromkeys((*parents, *found)))
        record = record_of(artifact, claim.job, parents=every_parent, created_at=now)
        with self._ports.storage.read() as transaction:
            mode = transaction.gate_modes.of(claim.job.project_id).get(stage.name, "auto")
        asked = ask(mode, claim.job, stage.name, draft, self._ports.judge)
        with self._ports.storage.write() as transaction:
            transaction.artifacts.add(record)
            if enter := self._entries.get(artifact.kind):
                enter(transaction, record)
            claim.finish(transaction, JobStatus.COMPLETED, draft, artifact_id=record.id)
            if asked is not None:
                gate = open_gate(transaction, claim.job, stage.name, asked, artifact_id=record.id, now=now)
                claim.emit_in(transaction, gate)


def _pass_gate(found: list[Finding | None]) -> tuple[Finding, ...]:
    """Return the warnings, or raise with all that blocks."""
    verdict = judge([finding for finding in found if finding is not None])
    if not verdict.passed:
        raise GateRefusedError(verdict.sentence, reason=verdict.reason, findings=verdict.findings)
    return verdict.findings


def record_failure(claim: Claim, error: BrewError, *, detail: str = "") -> None:
    """End the claimed job as failed (or cancelled), with its RunEvent, in one transaction."""
    status = JobStatus.CANCELLED if isinstance(error, CancelledError) else JobStatus.FAILED
    reason = error.code if error.code in FAILURES else Reason.SYSTEM_INTERNAL
    payload = Failure(error=str(error), findings=error.findings, detail=detail or type(error).__name__)
    draft = Draft(reason=reason, summary=str(error), payload=payload)
    with claim.transaction() as transaction:
        claim.finish(transaction, status, draft, error=str(error))
