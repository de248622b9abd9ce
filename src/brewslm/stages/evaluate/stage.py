"""The runbook of evaluation."""

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.eval_report import EvalReport, measure_of
from brewslm.core.artifacts.manifest import Manifest, SplitName
from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.context import StageContext
from brewslm.core.errors import WorkerError
from brewslm.core.evaluation.evidence import ScoredRow
from brewslm.core.evaluation.outcome import TaskReport
from brewslm.core.evaluation.pack import EvalPack
from brewslm.core.evaluation.usual import usual_pack
from brewslm.core.events.base import Draft
from brewslm.core.events.lifecycle import Evaluation, EvaluationGateFailed
from brewslm.core.events.reasons import Reason
from brewslm.core.experiment import experiment_folder
from brewslm.core.ids import ArtifactId
from brewslm.core.stage import Stage
from brewslm.core.wire.order import EvaluateOrder, Judgement
from brewslm.core.wire.result import EvaluateResult
from brewslm.stages.evaluate import rows
from brewslm.stages.evaluate.comparison import (
    compare_accuracy,
    compare_judgement,
    compare_loss,
    gate_outcomes,
    pair_answers,
)
from brewslm.stages.evaluate.conditions import Accepted, Judged
from brewslm.stages.evaluate.contract import CONTRACT, EvaluateInputs
from brewslm.stages.evaluate.evidence import evidence_of, needs_labels, rows_to_ask
from brewslm.stages.evaluate.judge.verdicts import Verdicts, ask_judge
from brewslm.stages.evaluate.probe.scoring import instructions_to_ask, probe_report
from brewslm.stages.evaluate.probe.texts import TEXTS
from brewslm.stages.evaluate.tasks import report_on

SPLITS: tuple[SplitName, ...] = ("eval", "test")
"""`eval` chose the checkpoint, `test` was never looked at: the verdict is that of `test`."""


def run(inputs: EvaluateInputs, context: StageContext) -> EvalReport:
    """Score base and tuned on the same rows, compare them in pairs, and judge."""
    manifest = context.shelf.read(Manifest, inputs.manifest_id)
    adapter = context.shelf.read(Adapter, inputs.adapter_id)
    extra = context.shelf.read(Dataset, inputs.extra_dataset_id) if inputs.extra_dataset_id else None
    pack = inputs.pack or usual_pack(manifest.shape)
    judgement = judgement_of(adapter, manifest, context)
    labelled = rows.labelled_sets(manifest, extra, _labelled_splits(pack), context)
    prompts = rows.prompts_to_answer(inputs.prompts, manifest, context)
    order = EvaluateOrder(
        base_model=str(context.base_models.locate(adapter.base_model)),
        tuned_folder=str(context.shelf.path(adapter.folder)),
        tuned_form=adapter.form,
        splits={name: str(context.shelf.path(manifest.split(name).folder)) for name in SPLITS},
        allowed_labels=manifest.labels,
        labelled=labelled,
        prompts=tuple(prompt.messages for prompt in prompts),
        prompt_tools=tuple(prompt.tools for prompt in prompts),
        max_new_tokens=inputs.max_new_tokens,
        asked=(*rows_to_ask(pack, manifest, context), *((instructions_to_ask(),) if pack.general_probe else ())),
        texts=TEXTS if pack.general_probe else (),
        judgement=judgement,
    )
    result = _scored(order, adapter, context)
    seed = context.project.seed
    losses = tuple(compare_loss(scored, manifest, seed=seed) for scored in result.splits)
    judgements = tuple(compare_judgement(judged, judgement.mode, seed=seed) for judged in result.judged if judgement)
    majority = rows.majority_label(manifest, context)
    accuracy = tuple(
        compare_accuracy(truth, scored, majority=majority, seed=seed)
        for truth, scored in zip(labelled, result.labelled, strict=True)
    )
    final = next(one for one in (judgements or losses) if one.split == "test")
    word = ask_judge(pack, result, manifest, inputs.judge_labels, context)
    reports, seen = tasks_of(pack, result, manifest, word.verdicts, context)
    accepted = accepted_of(inputs.accepted_report_id, context)
    judged = Judged(pack, reports, seen, manifest.labels, accepted, seed, word.report)
    return EvalReport(
        files=rows.write_scores(result.splits, seen, manifest, context),
        adapter_id=adapter.id,
        manifest_id=manifest.id,
        losses=losses,
        judgements=judgements,
        accuracy=accuracy,
        answers=pair_answers(order.prompts, result),
        gates=judged.outcomes() if pack.gates else gate_outcomes(final, accuracy),
        verdict=final.verdict,
        pack=inputs.pack,
        tasks=tuple(reports.values()),
        probe=probe_report(result, TEXTS, seed=seed),
        judge=word.report,
        accepted_report_id=inputs.accepted_report_id,
    )


def _labelled_splits(pack: EvalPack) -> tuple[SplitName, ...]:
    """Name the splits that are classified: test, and eval where the pack asks for it."""
    return ("test", "eval") if needs_labels(pack, "eval") else ("test",)


def _scored(order: EvaluateOrder, adapter: Adapter, context: StageContext) -> EvaluateResult:
    folder = f"{experiment_folder(adapter.experiment_id)}/evaluate-{context.job_id}"
    result = context.workers.run(order, name=folder)
    if not isinstance(result, EvaluateResult):
        message = f"the worker in {folder} answered a {result.kind!r} order, not an evaluation"
        raise WorkerError(message, reason=Reason.EVALUATION_RUNTIME_ERROR)
    return result


def tasks_of(
    pack: EvalPack, result: EvaluateResult, manifest: Manifest, verdicts: Verdicts, context: StageContext
) -> tuple[dict[str, TaskReport], dict[str, tuple[ScoredRow, ...]]]:
    """Return what each task of the pack came to, and what was seen of its rows."""
    reports, seen = {}, {}
    for task in pack.tasks:
        gates = [gate for gate in pack.gates if pack.task_of(gate) == task]
        found = evidence_of(task, result, manifest, context, verdicts=verdicts.get(task.id, {}))
        reports[task.id], seen[task.id] = report_on(
            task, found, manifest.labels, gates=gates, seed=context.project.seed
        )
    return reports, seen


def accepted_of(report_id: ArtifactId | None, context: StageContext) -> Accepted | None:
    """Read what the last release came to; None where there is none."""
    if report_id is None:
        return None
    report = context.shelf.read(EvalReport, report_id)
    seen = {
        task.id: [
            row
            for file in report.files
            if file.path.endswith(f"/rows-{task.id}.parquet")
            for row in context.tables.each(context.shelf.path(file.path), ScoredRow)
        ]
        for task in report.tasks
    }
    return Accepted({task.id: task for task in report.tasks}, seen)


def judgement_of(adapter: Adapter, manifest: Manifest, context: StageContext) -> Judgement | None:
    """Return the objective that decides; None for modes whose objective is the loss itself."""
    if manifest.shape not in {"preference", "binary_feedback"}:
        return None
    recipe = context.shelf.read(Readiness, adapter.readiness_id).plan.recipe
    match recipe.mode:
        case "dpo" | "orpo" | "kto":
            length = recipe.data.max_seq_len
            return Judgement(mode=recipe.mode, settings=recipe.preference, max_seq_len=length, seed=recipe.seed)
        case _:
            return None


def report(evaluation: EvalReport) -> Draft:
    """Say how the comparison came out; a gate that did not pass is named."""
    final = evaluation.final
    measure = measure_of(final)
    summary = (
        f"Tuned model is {evaluation.verdict} on {final.num_examples} test rows: {measure} {final.tuned:.4f}, "
        f"base {final.base:.4f}, delta {final.delta:+.4f} [{final.interval.low:+.4f}, {final.interval.high:+.4f}]"
    )
    failed = tuple(gate for gate in evaluation.gates if gate.required and not gate.passed)
    if failed:
        return Draft(
            reason=Reason.EVALUATION_GATE_FAILED,
            summary=summary,
            payload=EvaluationGateFailed(eval_report_id=evaluation.id, gates=failed),
        )
    return Draft(
        reason=Reason.EVALUATION,
        summary=summary,
        payload=Evaluation(
            eval_report_id=evaluation.id,
            verdict=evaluation.verdict,
            measure=measure,
            base_loss=final.base,
            tuned_loss=final.tuned,
            delta_low=final.interval.low,
            delta_high=final.interval.high,
        ),
    )


EVALUATE: Stage[EvaluateInputs, EvalReport] = Stage(
    name="evaluate",
    title="Evaluate",
    inputs=EvaluateInputs,
    output=EvalReport,
    consumes=("adapter", "manifest"),
    contract=CONTRACT,
    run=run,
    report=report,
)
