"""What an evaluation needs, and what must hold."""

import math

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.base import AdapterId, DatasetId, EvalReportId, ManifestId
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.eval_report import EvalReport, JudgementComparison, LossComparison
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.context import StageContext
from brewslm.core.contract import After, Before, Contract
from brewslm.core.evaluation.judge import LabelledPair
from brewslm.core.evaluation.pack import EvalPack
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.value import Value


class EvaluateInputs(Value):
    """An adapter, the manifest that it was trained on, and what else to look at."""

    adapter_id: AdapterId
    manifest_id: ManifestId
    extra_dataset_id: DatasetId | None = None
    """A dataset outside the splits, for example a test file; only for classification."""
    prompts: tuple[str, ...] = ()
    """User prompts to answer with both models; by default the first of the test split."""
    max_new_tokens: int = 96
    pack: EvalPack | None = None
    """What to measure, and the gates; None for what is usual."""
    judge_labels: tuple[LabelledPair, ...] = ()
    """What people say of pairs, for the pack's judge to be compared with."""
    accepted_report_id: EvalReportId | None = None
    """The report of the last release, that gates may compare with; None where there is none."""


def _has_adapter_files(inputs: EvaluateInputs, context: StageContext) -> Finding | None:
    adapter = context.shelf.read(Adapter, inputs.adapter_id)
    missing = [file.path for file in adapter.files if not context.shelf.path(file.path).is_file()]
    if not missing:
        return None
    return Finding(
        check="adapter_files",
        level="block",
        seen=f"{missing[0]!r} of adapter {inputs.adapter_id!r} is missing.",
        next_step="Train again, or restore the project's folder.",
        reason=Reason.SYSTEM_ARTIFACT_DAMAGED,
    )


def _is_same_manifest(inputs: EvaluateInputs, context: StageContext) -> Finding | None:
    adapter = context.shelf.read(Adapter, inputs.adapter_id)
    if adapter.manifest_id == inputs.manifest_id:
        return None
    return Finding(
        check="same_manifest",
        level="block",
        seen=f"Adapter {adapter.id!r} was trained on {adapter.manifest_id!r}, not on {inputs.manifest_id!r}.",
        next_step="Name the manifest that it was trained on: another one may hold its training rows out as test rows.",
        reason=Reason.EVALUATION_DATASET_MISSING,
    )


def _extra_fits(inputs: EvaluateInputs, context: StageContext) -> Finding | None:
    if inputs.extra_dataset_id is None:
        return None
    manifest = context.shelf.read(Manifest, inputs.manifest_id)
    extra = context.shelf.read(Dataset, inputs.extra_dataset_id)
    unknown = sorted(set(extra.labels) - set(manifest.labels))
    if manifest.shape == "classification" and extra.shape == "classification" and not unknown:
        return None
    seen = (
        f"The file has labels that the training data does not have: {', '.join(map(repr, unknown[:5]))}."
        if unknown and extra.shape == "classification"
        else f"The file reads as {extra.shape!r}, the training data as {manifest.shape!r}."
    )
    return Finding(
        check="extra_fits",
        level="block",
        seen=seen,
        next_step="Name a file with the columns and labels of the training data.",
        reason=Reason.EVALUATION_DATASET_MISSING,
    )


def _judge_is_affordable(inputs: EvaluateInputs, _context: StageContext) -> Finding | None:
    judge = inputs.pack.judge if inputs.pack is not None else None
    needed = 2 * (len(inputs.judge_labels) + 1)
    if judge is None or needed <= judge.max_calls:
        return None
    return Finding(
        check="judge_is_affordable",
        level="block",
        seen=f"{len(inputs.judge_labels)} labelled pairs and a row take {needed} calls, more than {judge.max_calls}.",
        next_step="Raise the judge's max_calls, or take fewer labelled pairs.",
        reason=Reason.SYSTEM_REQUEST_INVALID,
    )


def _is_finite(output: EvalReport, _context: StageContext) -> Finding | None:
    compared: list[LossComparison | JudgementComparison] = [*output.losses, *output.judgements]
    for loss in compared:
        if not (math.isfinite(loss.base) and math.isfinite(loss.tuned)):
            return Finding(
                check="finite",
                level="block",
                seen=f"The loss on split {loss.split!r} is not a number.",
                next_step="Lower the learning rate and train again.",
                reason=Reason.EVALUATION_RUNTIME_ERROR,
            )
    return None


CONTRACT: Contract[EvaluateInputs, EvalReport] = Contract(
    before=(
        Before("adapter_files", "The adapter's files are there.", _has_adapter_files),
        Before("same_manifest", "The rows are those held out from this adapter's training.", _is_same_manifest),
        Before("extra_fits", "An extra file has the task and labels of the training data.", _extra_fits),
        Before("judge_is_affordable", "The calls of a judge suffice for its labelled pairs.", _judge_is_affordable),
    ),
    after=(After("finite", "Every loss is a finite number.", _is_finite),),
)
