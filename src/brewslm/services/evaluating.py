"""The evaluation flow: the newest adapter on its splits, and on a file besides."""

from typing import Any

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.errors import InvalidRequestError, NotFoundError
from brewslm.core.evaluation.judge import LabelledPair
from brewslm.core.evaluation.pack import EvalPack
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Autopilot
from brewslm.core.events.reasons import Reason
from brewslm.core.ids import ArtifactId
from brewslm.services.backlog.looking import look_at_newest
from brewslm.services.evaluation.labels import labelled_pairs
from brewslm.services.evaluation.packs import valid_pack
from brewslm.services.flows import FlowOutcome, FlowRun
from brewslm.services.gates.promotion import accepted_report
from brewslm.services.importing import import_dataset
from brewslm.services.requests import EvaluationRequest, ImportRequest
from brewslm.stages.evaluate.contract import EvaluateInputs


def evaluation_flow(payload: dict[str, Any], run: FlowRun) -> FlowOutcome:
    """Evaluate the newest adapter."""
    request = EvaluationRequest.model_validate(payload)
    adapter_id = run.current("train")
    if adapter_id is None:
        project = run.claim.job.project_id
        message = f"project {project} has no adapter; train one with `brewslm train --project {project} --autopilot`"
        raise NotFoundError(message)
    adapter = run.shelf.read(Adapter, adapter_id)
    pack = _pack_of(request, run)
    extra_id = _read_file(request, adapter, run)
    inputs = EvaluateInputs(
        adapter_id=adapter_id,
        manifest_id=adapter.manifest_id,
        extra_dataset_id=extra_id,
        prompts=request.prompts,
        pack=pack,
        judge_labels=_labels(pack, run),
        accepted_report_id=_accepted(pack, run),
    )
    report_id = run.step("evaluate", inputs, share=0.2)
    look_at_newest(run)
    verdict = run.shelf.read(EvalReport, report_id).verdict
    summary = f"The tuned model was evaluated: {verdict}"
    event = Draft(reason=Reason.AUTOPILOT, summary=summary, payload=Autopilot(stages=("evaluate",), verdict=verdict))
    return FlowOutcome(artifact_id=report_id, event=event)


def _pack_of(request: EvaluationRequest, run: FlowRun) -> EvalPack | None:
    if not isinstance(request.pack, str):
        return request.pack
    return valid_pack(run.ports.eval_packs.read(request.pack), f"eval pack {request.pack!r}")


def _labels(pack: EvalPack | None, run: FlowRun) -> tuple[LabelledPair, ...]:
    name = pack.judge.labels if pack is not None and pack.judge is not None else None
    return () if name is None else labelled_pairs(run.ports.label_files.read(name), name)


def _accepted(pack: EvalPack | None, run: FlowRun) -> ArtifactId | None:
    """Return the report of the last release, where a gate looks at it."""
    if pack is None or not any(gate.no_worse_than == "last_release" for gate in pack.gates):
        return None
    with run.ports.storage.read() as transaction:
        return accepted_report(transaction, run.claim.job.project_id)


def _read_file(request: EvaluationRequest, adapter: Adapter, run: FlowRun) -> ArtifactId | None:
    if request.locator is None:
        return None
    shape = run.shelf.read(Manifest, adapter.manifest_id).shape
    if shape != "classification":
        message = (
            f"a file to evaluate on is used for classification, and this project's data is {shape!r}; "
            "leave --file out to evaluate on the test split"
        )
        raise InvalidRequestError(message)
    return import_dataset(ImportRequest(locator=request.locator, as_shape=shape), run, purpose="evaluation")
