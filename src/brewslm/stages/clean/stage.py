"""Stage 05: make the next dataset version; every example that is taken out or changed is listed with its rule."""

from collections import Counter

from brewslm.core.artifacts.cleaning import CleaningReport
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.context import StageContext
from brewslm.core.errors import CancelledError, GateRefusedError
from brewslm.core.events.base import Draft
from brewslm.core.events.data import Cleaning
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.stage import Stage
from brewslm.stages.clean.contract import CONTRACT, CleanInputs
from brewslm.stages.clean.sweep import Means, sweep


def run(inputs: CleanInputs, context: StageContext) -> Dataset:
    """Write the examples again as the plan wants them; refuse where its policy on personal data says so."""
    before = context.shelf.read(Dataset, inputs.dataset_id)
    draft = context.shelf.draft()

    def at_batch(done: int) -> None:
        if context.is_cancelled():
            raise CancelledError(f"Cleaning was cancelled after {done:,} of {before.num_examples:,} examples.")
        context.progress(done / max(1, before.num_examples), f"{done:,} of {before.num_examples:,} examples")

    report = sweep(
        context.shelf.path(examples_path(before)),
        draft,
        inputs.plan,
        Means(context.tables, context.similarity, context.base_models.locate),
        at_batch=at_batch,
    )
    _refuse_personal_data(report)
    return Dataset(
        files=context.shelf.publish(draft, room="datasets"),
        snapshot_id=before.snapshot_id,
        cleaned_from=inputs.dataset_id,
        shape=before.shape,
        plan_hash=before.plan_hash,
        tally=before.tally,
        rejections=before.rejections,
        repairs=before.repairs,
        num_examples=report.num_after,
        removed=dict(Counter(before.removed) + Counter(report.removed)),
        num_added=before.num_added + report.num_chunks - report.num_chunked,
        cleaning=report,
        labels=before.labels,
        num_conflicts=report.num_conflicts,
    )


def examples_path(dataset: Dataset) -> str:
    """Where the examples of a dataset are, relative to its project."""
    return next(file.path for file in dataset.files if file.path.endswith("/examples.parquet"))


def personal_data_in(report: CleaningReport) -> str:
    """Say what was found, in one line."""
    kinds = ", ".join(
        f"{count:,} {kind}" for kind, count in sorted(report.pii.items(), key=lambda one: (-one[1], one[0]))
    )
    labels = f"; {report.num_labels_with_pii:,} labels hold some too" if report.num_labels_with_pii else ""
    return f"{report.num_with_pii:,} of {report.num_before:,} examples hold personal data or secrets ({kinds}){labels}."


def report(dataset: Dataset) -> Draft:
    """The event of success."""
    done = dataset.cleaning
    num_before = done.num_before if done is not None else dataset.tally.accepted + dataset.tally.repaired
    summary = f"A cleaned version of {dataset.num_examples:,} of {num_before:,} examples was written."
    payload = Cleaning(
        dataset_id=dataset.id,
        num_before=num_before,
        num_after=dataset.num_examples,
        removed=done.removed if done is not None else dataset.removed,
        changed=done.changed if done is not None else {},
        pii=done.pii if done is not None else {},
    )
    return Draft(Reason.CLEANING, summary, payload)


def _refuse_personal_data(report: CleaningReport) -> None:
    if report.plan.pii.policy != "block" or not (report.num_with_pii or report.num_labels_with_pii):
        return
    seen = personal_data_in(report)
    next_step = "Take them out at the source, or clean with `--pii redact`."
    finding = Finding(
        check="no_personal_data", level="block", seen=seen, next_step=next_step, reason=Reason.CLEANING_PII
    )
    raise GateRefusedError(f"{seen} {next_step}", reason=Reason.CLEANING_PII, findings=(finding,))


CLEAN: Stage[CleanInputs, Dataset] = Stage(
    name="clean",
    title="Clean",
    inputs=CleanInputs,
    output=Dataset,
    consumes=("dataset",),
    contract=CONTRACT,
    run=run,
    report=report,
    optional=True,
)
