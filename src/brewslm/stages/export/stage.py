"""The runbook of an export."""

import os
import shutil

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.bundle import Bundle, Parity
from brewslm.core.artifacts.eval_report import EvalReport
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.context import StageContext
from brewslm.core.errors import GateRefusedError, WorkerError
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Export
from brewslm.core.events.reasons import Reason
from brewslm.core.experiment import experiment_folder
from brewslm.core.stage import Stage
from brewslm.core.wire.order import ExportOrder
from brewslm.core.wire.result import ExportResult
from brewslm.stages.export import papers
from brewslm.stages.export.contract import CONTRACT, ExportInputs, parity_problem

LOSS_TOLERANCE = 1e-3
"""Largest difference of the mean loss per token between adapter and merged model, nats."""


def run(inputs: ExportInputs, context: StageContext) -> Bundle:
    """Merge and save in a worker, compare what was saved with what was tuned, add the papers, and publish.

    Raises:
        GateRefusedError: the merged model is not the tuned one; nothing was published.
        WorkerError: the worker failed.
    """
    adapter = context.shelf.read(Adapter, inputs.adapter_id)
    evaluation = context.shelf.read(EvalReport, inputs.eval_report_id)
    manifest = context.shelf.read(Manifest, adapter.manifest_id)
    name = f"{experiment_folder(adapter.experiment_id)}/export-{context.job_id}"
    output = context.workers.folder(name) / "output"
    order = ExportOrder(
        base_model=str(context.base_models.locate(adapter.base_model)),
        tuned_folder=str(context.shelf.path(adapter.folder)),
        tuned_form=adapter.form,
        output_folder=str(output),
        parity_folder=str(context.shelf.path(manifest.split("eval").folder)),
        parity_prompts=papers.parity_prompts(evaluation),
    )
    result = context.workers.run(order, name=name)
    if not isinstance(result, ExportResult):
        message = f"the worker in {name} answered a {result.kind!r} order, not an export"
        raise WorkerError(message, reason=Reason.EXPORT_RUNTIME_ERROR)
    parity = Parity(
        num_examples=result.num_examples,
        adapter_loss=result.adapter_loss,
        merged_loss=result.merged_loss,
        largest_logprob_difference=result.largest_logprob_difference,
        same_greedy_tokens=result.same_greedy_tokens,
        tolerance=LOSS_TOLERANCE,
        passed=abs(result.adapter_loss - result.merged_loss) <= LOSS_TOLERANCE,
    )
    if problem := parity_problem(parity):
        raise GateRefusedError(f"{problem.seen} {problem.next_step}", reason=problem.reason, findings=(problem,))
    draft = context.shelf.draft()
    for part in ("model", "adapter") if adapter.form == "adapter" else ("model",):
        shutil.copytree(output / part, draft / part, copy_function=_link)
    facts = context.base_models.facts(adapter.base_model)
    papers.write_papers(
        draft,
        papers.BundleFacts(
            project=context.project,
            base=facts,
            adapter=adapter,
            manifest=manifest,
            evaluation=evaluation,
            parity=parity,
            format=inputs.format,
            target=inputs.target,
            dtype=result.dtype,
            runtime=result.runtime,
        ),
    )
    files = context.shelf.publish(draft, room="exports")
    return Bundle(
        files=files,
        adapter_id=adapter.id,
        eval_report_id=evaluation.id,
        format="huggingface",
        target="vllm" if inputs.target == "vllm" else "transformers",
        folder="/".join(files[0].path.split("/")[:2]),
        dtype=result.dtype,
        parity=parity,
    )


def _link(source: str, target: str) -> None:
    """Give the worker's file a second name: it stays where the worker left it, so that a run cut short can go on."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def report(bundle: Bundle) -> Draft:
    """Say where the bundle is."""
    size = sum(file.size_bytes for file in bundle.files)
    return Draft(
        reason=Reason.EXPORT,
        summary=f"Exported {bundle.format} for {bundle.target} to {bundle.folder} ({size / 1e6:.1f} MB), parity held",
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
