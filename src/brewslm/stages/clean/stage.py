"""Stage 05: make the next dataset version; every example that is taken out is listed with its rule."""

from collections import Counter

from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.context import StageContext
from brewslm.core.errors import CancelledError
from brewslm.core.events.base import Draft
from brewslm.core.events.data import Cleaning
from brewslm.core.events.reasons import Reason
from brewslm.core.stage import Stage
from brewslm.stages.clean.contract import CONTRACT, CleanInputs
from brewslm.stages.clean.duplicates import Duplicates
from brewslm.stages.clean.tables import filter_examples


def run(inputs: CleanInputs, context: StageContext) -> Dataset:
    """Write the examples again without exact duplicates; the first of equal ones stays."""
    before = context.shelf.read(Dataset, inputs.dataset_id)
    source = context.shelf.path(next(file.path for file in before.files if file.path.endswith("/examples.parquet")))
    draft = context.shelf.draft()
    duplicates = Duplicates(removes=inputs.removes_duplicates)

    def at_batch(done: int) -> None:
        if context.is_cancelled():
            raise CancelledError(f"Cleaning was cancelled after {done:,} of {before.num_examples:,} examples.")
        context.progress(done / before.num_examples, f"{done:,} of {before.num_examples:,} examples")

    counts = filter_examples(source, draft, duplicates, at_batch=at_batch)
    return Dataset(
        files=context.shelf.publish(draft, room="datasets"),
        snapshot_id=before.snapshot_id,
        cleaned_from=inputs.dataset_id,
        shape=before.shape,
        plan_hash=before.plan_hash,
        tally=before.tally,
        rejections=before.rejections,
        repairs=before.repairs,
        num_examples=before.num_examples - counts.total(),
        removed=dict(Counter(before.removed) + counts),
        labels=before.labels,
        num_conflicts=duplicates.num_conflicts,
    )


def report(dataset: Dataset) -> Draft:
    """The event of success."""
    num_mapped = dataset.tally.accepted + dataset.tally.repaired
    summary = f"A cleaned version of {dataset.num_examples:,} of {num_mapped:,} examples was written."
    payload = Cleaning(
        dataset_id=dataset.id, num_before=num_mapped, num_after=dataset.num_examples, removed=dataset.removed
    )
    return Draft(Reason.CLEANING, summary, payload)


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
