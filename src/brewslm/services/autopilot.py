"""The autopilot: whatever is still missing, from the dataset to the evaluation. It never overrides a gate."""

from dataclasses import dataclass
from typing import Any

from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.errors import GateRefusedError, NotFoundError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Autopilot
from brewslm.core.events.reasons import Reason
from brewslm.core.gate import judge
from brewslm.core.ids import ArtifactId
from brewslm.core.launch.state import changes_between, state_of
from brewslm.core.stage_name import StageName
from brewslm.services.backlog.looking import look_at_newest
from brewslm.services.flows import FlowOutcome, FlowRun
from brewslm.services.jobs.forks import inherited
from brewslm.services.preparing import fits_request, preparation_for
from brewslm.services.requests import AutopilotRequest
from brewslm.stages.clean.contract import CleanInputs
from brewslm.stages.evaluate.contract import EvaluateInputs
from brewslm.stages.preflight.contract import PreflightInputs
from brewslm.stages.train.contract import TrainInputs


def autopilot_flow(payload: dict[str, Any], run: FlowRun) -> FlowOutcome:
    """Clean, prepare, plan, train and evaluate."""
    request = AutopilotRequest.model_validate(payload)
    job = run.claim.job
    guarded = _guarded(request.guard, run) if request.guard is not None else None
    if guarded is not None and guarded.still_holds:
        return _launched(request, guarded.readiness, run, ())
    if guarded is not None:
        request = request.model_copy(update={"overrides": guarded.asked.overrides, "profile": guarded.asked.profile})
        run.claim.progress(0.01, f"planning again: {'; '.join(guarded.changes)}")
    overrides = {**inherited(request.fork, run.ports, job.project_id, is_new=job.attempt == 1), **request.overrides}
    manifest_id = request.manifest_id or _prepared(request, run)
    base_model = run.shelf.read(Manifest, manifest_id).base_model
    judged = PreflightInputs(
        manifest_id=manifest_id, base_model=base_model, profile=request.profile, overrides=overrides
    )
    readiness_id = run.step("preflight", judged, share=0.08)
    _refuse_blocked(run.shelf.read(Readiness, readiness_id))
    if not request.one_click:
        return _outcome(readiness_id, ("clean", "prepare", "preflight"), "planned", "A plan was made; launch it")
    readiness = run.shelf.read(Readiness, readiness_id)
    changes = guarded.changes if guarded is not None else ()
    return _launched(request, readiness, run, ("clean", "prepare", "preflight"), changes=changes)


def _launched(
    request: AutopilotRequest,
    readiness: Readiness,
    run: FlowRun,
    before: tuple[StageName, ...],
    *,
    changes: tuple[str, ...] = (),
) -> FlowOutcome:
    """Train by a plan, and compare what it gives with its base; `changes` are why it is not the plan of the guard."""
    manifest_id = readiness.manifest_id
    order = TrainInputs(readiness_id=readiness.id, manifest_id=manifest_id, fork=request.fork)
    adapter_id = run.step("train", order, share=0.1)
    compared = EvaluateInputs(adapter_id=adapter_id, manifest_id=manifest_id, prompts=request.prompts)
    report_id = run.step("evaluate", compared, share=0.85)
    look_at_newest(run)
    verdict = run.shelf.read(EvalReport, report_id).verdict
    again = f". It was planned again, because the project had changed: {'; '.join(changes)}" if changes else ""
    summary = f"Autopilot finished: the tuned model is {verdict} than its base"
    return _outcome(report_id, (*before, "train", "evaluate"), verdict, summary, more=again)


@dataclass(frozen=True, slots=True)
class _Guarded:
    """The plan that a guard names."""

    readiness: Readiness
    asked: PreflightInputs
    changes: tuple[str, ...]

    @property
    def still_holds(self) -> bool:
        return not self.changes


def _guarded(guard: str, run: FlowRun) -> _Guarded:
    """Find the plan, and what has changed since; a training that it has begun goes on with it."""
    project_id = run.claim.job.project_id
    readiness = next((one for one in run.shelf.all(Readiness) if one.guard == guard), None)
    if readiness is None or readiness.state is None:
        message = f"project {project_id} has no plan with the guard {guard!r}; `brewslm preflight --plan` shows one"
        raise NotFoundError(message)
    _refuse_blocked(readiness)
    with run.ports.storage.read() as transaction:
        made = transaction.artifacts.get(project_id, readiness.id)
        asked = PreflightInputs.model_validate(transaction.jobs.get(made.job_id).payload)
        is_begun = any(job.kind == "train" for job in transaction.jobs.list(parent_id=run.claim.job.id))
    base = run.ports.base_models.facts(readiness.base_model)
    now = state_of(run.projects.get(project_id), run.shelf, base)
    return _Guarded(readiness, asked, () if is_begun else changes_between(readiness.state, now))


def _prepared(request: AutopilotRequest, run: FlowRun) -> ArtifactId:
    """Return the manifest that the user has activated, where it is what is asked for; else clean and prepare."""
    project = run.projects.get(run.claim.job.project_id)
    activated = run.projects.activated_manifest(project.id)
    if activated is not None and request.dataset_id is None:
        manifest = run.shelf.read(Manifest, activated)
        if fits_request(manifest, base_model=request.base_model, max_seq_len=request.max_seq_len):
            return activated
    choices = {"base_model": request.base_model, "max_seq_len": request.max_seq_len}
    wanted = preparation_for(project, _clean_dataset(request, run), run.ports.base_models, choices)
    return run.step("prepare", wanted, share=0.05)


def _clean_dataset(request: AutopilotRequest, run: FlowRun) -> ArtifactId:
    """Return the dataset that is asked for, or the newest one, after taking out exact duplicates where that is due."""
    dataset_id = request.dataset_id or run.current("clean", "map_commit")
    if dataset_id is None:
        project = run.claim.job.project_id
        message = (
            f"project {project} has no dataset; import one with `brewslm dataset import --project {project} "
            "--sample general-chat-v1` or a path"
        )
        raise NotFoundError(message)
    if run.shelf.read(Dataset, dataset_id).cleaned_from is not None:
        return dataset_id
    return run.step("clean", CleanInputs(dataset_id=dataset_id), share=0.01)


def _refuse_blocked(readiness: Readiness) -> None:
    if readiness.verdict == "blocked":
        verdict = judge(readiness.findings)
        raise GateRefusedError(verdict.sentence, reason=Reason.PREFLIGHT_BLOCKED, findings=verdict.findings)


def _outcome(
    artifact_id: ArtifactId, stages: tuple[str, ...], verdict: str, summary: str, *, more: str = ""
) -> FlowOutcome:
    if verdict == "cannot tell":
        summary = "Autopilot finished: whether the tuned model is better than its base cannot be told"
    payload = Autopilot(stages=stages, verdict=verdict)
    draft = Draft(reason=Reason.AUTOPILOT, summary=summary + more, payload=payload)
    return FlowOutcome(artifact_id=artifact_id, event=draft)
