"""The runbook of an export."""

import os
import shutil
from typing import TypeVar

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.base import Artifact
from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.context import StageContext
from brewslm.core.errors import GateRefusedError, NotFoundError, WorkerError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Export
from brewslm.core.events.reasons import Reason
from brewslm.core.experiment import experiment_folder
from brewslm.core.finding import Finding
from brewslm.core.ids import ArtifactId
from brewslm.core.stage import Stage
from brewslm.core.wire.order import ExportOrder
from brewslm.core.wire.parity import TOLERANCES, Parity
from brewslm.core.wire.result import ExportResult
from brewslm.stages.export.choices import Form, form_of
from brewslm.stages.export.contract import CONTRACT, ExportInputs, parity_problem
from brewslm.stages.export.facts import BundleFacts
from brewslm.stages.export.papers import parity_prompts, write_papers

ArtifactT = TypeVar("ArtifactT", bound=Artifact)


def run(inputs: ExportInputs, context: StageContext) -> Bundle:
    """Save in a worker, compare what was saved with what was tuned, add the papers, and publish.

    Raises:
        GateRefusedError: the bundle is not the tuned model; nothing was published.
        WorkerError: the worker failed.
    """
    adapter = context.shelf.read(Adapter, inputs.adapter_id)
    evaluation = context.shelf.read(EvalReport, inputs.eval_report_id)
    manifest = context.shelf.read(Manifest, adapter.manifest_id)
    form = form_of(inputs.format, inputs.target, inputs.quantization)
    name = f"{experiment_folder(adapter.experiment_id)}/export-{context.job_id}"
    output = context.workers.folder(name) / "output"
    order = ExportOrder(
        base_model=str(context.base_models.locate(adapter.base_model)),
        tuned_folder=str(context.shelf.path(adapter.folder)),
        tuned_form=adapter.form,
        output_folder=str(output),
        format=form.format,
        quantization=form.quantization,
        name=context.project.name,
        parity_folder=str(context.shelf.path(manifest.split("eval").folder)),
        parity_prompts=parity_prompts(evaluation),
    )
    result = context.workers.run(order, name=name)
    if not isinstance(result, ExportResult):
        message = f"the worker in {name} answered a {result.kind!r} order, not an export"
        raise WorkerError(message, reason=Reason.EXPORT_RUNTIME_ERROR)
    parity = _parity_of(result)
    if problem := parity_problem(parity, result.dtype) or _template_problem(form, result):
        raise GateRefusedError(f"{problem.seen} {problem.next_step}", reason=problem.reason, findings=(problem,))
    draft = context.shelf.draft()
    shutil.copytree(output, draft, copy_function=_link, dirs_exist_ok=True)
    write_papers(
        draft,
        BundleFacts(
            project=context.project,
            base=context.base_models.facts(adapter.base_model),
            adapter=adapter,
            manifest=manifest,
            dataset=_known(Dataset, manifest.dataset_id, context),
            readiness=_known(Readiness, adapter.readiness_id, context),
            snapshot=_snapshot_of(manifest, context),
            evaluation=evaluation,
            parity=parity,
            form=form,
            result=result,
        ),
    )
    files = context.shelf.publish(draft, room="exports")
    return Bundle(
        files=files,
        adapter_id=adapter.id,
        eval_report_id=evaluation.id,
        format=form.format,
        target=form.target,
        quantization=form.quantization,
        folder="/".join(files[0].path.split("/")[:2]),
        dtype=result.dtype,
        parity=parity,
    )


def _template_problem(form: Form, result: ExportResult) -> Finding | None:
    if form.target != "ollama" or result.ollama_template is not None:
        return None
    return Finding(
        check="template",
        level="block",
        seen="The chat template cannot be spelled as Ollama's: it does more than put text around each turn.",
        next_step="Export it with --target llama_cpp, which runs the template itself.",
        reason=Reason.EXPORT_FORMAT_UNSUPPORTED,
    )


def _parity_of(result: ExportResult) -> Parity:
    return Parity(
        num_examples=result.num_examples,
        adapter_loss=result.adapter_loss,
        merged_loss=result.merged_loss,
        largest_logprob_difference=result.largest_logprob_difference,
        mean_logprob_difference=result.mean_logprob_difference,
        same_greedy_tokens=result.same_greedy_tokens,
        num_prompts=result.num_prompts,
        first_difference=result.first_difference,
        num_texts=result.num_texts,
        text_problem=result.text_problem,
        tolerance=TOLERANCES[result.dtype].loss,
        passed=True,
    )


def _known(model: type[ArtifactT], artifact_id: ArtifactId, context: StageContext) -> ArtifactT | None:
    """Read what is only told about; None where the ledger does not have it any more."""
    try:
        return context.shelf.read(model, artifact_id)
    except NotFoundError:
        return None


def _snapshot_of(manifest: Manifest, context: StageContext) -> Snapshot | None:
    dataset = _known(Dataset, manifest.dataset_id, context)
    return None if dataset is None else _known(Snapshot, dataset.snapshot_id, context)


def _link(source: str, target: str) -> None:
    """Give the worker's file a second name: it stays where the worker left it, so that a run cut short can go on."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def report(bundle: Bundle) -> Draft:
    """Say where the bundle is."""
    size = sum(file.size_bytes for file in bundle.files)
    form = bundle.format if bundle.quantization is None else f"{bundle.format} {bundle.quantization}"
    return Draft(
        reason=Reason.EXPORT,
        summary=f"Exported {form} for {bundle.target} to {bundle.folder} ({size / 1e6:.1f} MB), parity held",
        payload=Export(
            bundle_id=bundle.id, format=bundle.format, target=bundle.target, folder=bundle.folder, size_bytes=size
        ),
    )


EXPORT: Stage[ExportInputs, Bundle] = Stage(
    name="export",
    title="Export",
    inputs=ExportInputs,
    output=Bundle,
    consumes=("adapter", "eval_report", "manifest"),
    contract=CONTRACT,
    run=run,
    report=report,
)
