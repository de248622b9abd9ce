"""Stage 06: split, tokenise with the base model's own tokenizer and template, mask, and describe it in a manifest."""

from brewslm.core.artifacts.base import FileRef
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.manifest import Manifest, SplitName
from brewslm.core.context import StageContext
from brewslm.core.errors import CancelledError
from brewslm.core.events.base import Draft
from brewslm.core.events.data import Preparation
from brewslm.core.events.reasons import Reason
from brewslm.core.stage import Stage
from brewslm.core.wire.shard import TOKENS_FILE
from brewslm.stages.prepare.contract import CONTRACT, PrepareInputs
from brewslm.stages.prepare.examples import read_asked
from brewslm.stages.prepare.splits import assign
from brewslm.stages.prepare.tokenizer import load_tokenizer
from brewslm.stages.prepare.writing import write_splits


def run(inputs: PrepareInputs, context: StageContext) -> Manifest:
    """Assign every example to a split, then tokenise, mask and write them.

    Raises:
        BaseModelError: the base model, its tokenizer or its template cannot be used.
    """
    dataset = context.shelf.read(Dataset, inputs.dataset_id)
    source = context.shelf.path(next(file.path for file in dataset.files if file.path.endswith("/examples.parquet")))
    model = load_tokenizer(context.base_models.locate(inputs.base_model), dataset.shape)
    assignment = assign(read_asked(source), shares=inputs.shares, seed=inputs.seed)

    def at_batch(done: int) -> None:
        if context.is_cancelled():
            raise CancelledError(f"Preparation was cancelled after {done:,} of {dataset.num_examples:,} examples.")
        context.progress(done / dataset.num_examples, f"{done:,} of {dataset.num_examples:,} examples")

    draft = context.shelf.draft()
    writers, num_dropped = write_splits(
        source,
        draft,
        assignment.splits,
        model,
        max_seq_len=inputs.max_seq_len,
        at_batch=at_batch,
    )
    files = context.shelf.publish(draft, room="prepared")
    return Manifest(
        files=files,
        dataset_id=inputs.dataset_id,
        shape=dataset.shape,
        labels=dataset.labels,
        base_model=inputs.base_model,
        tokenizer_hash=model.tokenizer_hash,
        template_hash=model.template_hash,
        seed=inputs.seed,
        shares=inputs.shares,
        is_stratified=assignment.is_stratified,
        max_seq_len=inputs.max_seq_len,
        truncation="drop",
        num_dropped=num_dropped,
        num_moved_for_leaks=assignment.num_moved_for_leaks,
        splits=tuple(writer.describe(_folder_of(writer.name, files)) for writer in writers),
    )


def report(manifest: Manifest) -> Draft:
    """The event of success."""
    counts = {str(split.name): split.num_examples for split in manifest.splits}
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    payload = Preparation(
        manifest_id=manifest.id,
        num_examples=counts,
        num_trained_tokens={str(split.name): split.num_trained_tokens for split in manifest.splits},
        num_dropped=manifest.num_dropped,
        num_moved_for_leaks=manifest.num_moved_for_leaks,
    )
    return Draft(Reason.PREPARATION, f"Examples were split and tokenised: {told}.", payload)


def _folder_of(name: SplitName, files: tuple[FileRef, ...]) -> str:
    suffix = f"/{name}/{TOKENS_FILE}"
    path = next(file.path for file in files if file.path.endswith(suffix))
    return path.removesuffix(f"/{TOKENS_FILE}")


PREPARE: Stage[PrepareInputs, Manifest] = Stage(
    name="prepare",
    title="Prepare",
    inputs=PrepareInputs,
    output=Manifest,
    consumes=("dataset",),
    contract=CONTRACT,
    run=run,
    report=report,
)
