"""Stage 06: split, tokenise with the base model's own tokenizer and template, mask, and describe it in a manifest."""

from brewslm.core.artifacts.base import FileRef
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.manifest import Manifest, SplitName
from brewslm.core.context import StageContext
from brewslm.core.data.example import TEXT_SHAPES, Example, Shape
from brewslm.core.errors import CancelledError
from brewslm.core.events.base import Draft
from brewslm.core.events.data import Preparation
from brewslm.core.events.reasons import Reason
from brewslm.core.stage import Stage
from brewslm.core.wire.shard import TOKENS_FILE
from brewslm.stages.prepare.contract import CONTRACT, PrepareInputs
from brewslm.stages.prepare.drift import drifts_of
from brewslm.stages.prepare.manifest_file import write_manifest_file
from brewslm.stages.prepare.overlaps.splitting import Source, split_examples
from brewslm.stages.prepare.placing.facts import Placed, read_facts
from brewslm.stages.prepare.placing.splits import OUT
from brewslm.stages.prepare.tokens.tokenizer import ChatTokenizer, load_tokenizer
from brewslm.stages.prepare.writing import Plan, write_splits


def run(inputs: PrepareInputs, context: StageContext) -> Manifest:
    """Assign every example to a split, then tokenise, mask and write them.

    Raises:
        BaseModelError: the base model, its tokenizer or its template cannot be used.
        InvalidRequestError: the splits cannot be made as asked, or examples are too long where that is refused.
    """
    dataset = context.shelf.read(Dataset, inputs.dataset_id)
    source = context.shelf.path(next(file.path for file in dataset.files if file.path.endswith("/examples.parquet")))
    model = load_tokenizer(context.base_models.locate(inputs.base_model), dataset.shape)
    facts = read_facts(
        context.tables.read(source, Placed), seed=inputs.seed, group_by=inputs.group_by, time_by=inputs.time_by
    )
    draft = context.shelf.draft()
    splitting = split_examples(inputs, Source(dataset, source, facts, context), draft)

    def at_batch(done: int) -> None:
        if context.is_cancelled():
            raise CancelledError(f"Preparation was cancelled after {done:,} of {dataset.num_examples:,} examples.")
        context.progress(done / dataset.num_examples, f"{done:,} of {dataset.num_examples:,} examples")

    plan = Plan(splitting.codes, model, dataset.shape, inputs.max_seq_len, inputs.truncation)
    written = write_splits(context.tables.read(source, Example), draft, plan, context.tables, at_batch=at_batch)
    manifest = Manifest(
        dataset_id=inputs.dataset_id,
        shape=dataset.shape,
        labels=dataset.labels,
        base_model=inputs.base_model,
        tokenizer_hash=model.tokenizer_hash,
        template_hash=model.template_hash,
        turn_ends=_ends(model, dataset.shape),
        seed=inputs.seed,
        shares=inputs.shares,
        group_by=inputs.group_by,
        time_by=inputs.time_by,
        uses_source_splits=inputs.use_source_splits,
        is_stratified=splitting.is_stratified,
        max_seq_len=inputs.max_seq_len,
        truncation=inputs.truncation,
        num_dropped=written.num_dropped,
        num_refused=written.num_refused,
        num_truncated=written.num_truncated,
        num_partly_trained=written.num_partly_trained,
        leak_policy=inputs.leak_policy,
        leak_check=inputs.leak_check,
        leaks=splitting.tallies,
        num_moved_for_leaks=splitting.num_moved_for_leaks,
        num_left_out_for_leaks=int((splitting.codes == OUT).sum()),
        num_chained=splitting.num_chained,
        goldens=splitting.goldens,
        drifts=drifts_of(written.writers, facts, splitting.codes),
        splits=tuple(writer.describe(writer.name, inputs.max_seq_len) for writer in written.writers),
    )
    write_manifest_file(draft, manifest, dataset)
    files = context.shelf.publish(draft, room="prepared")
    splits = tuple(split.model_copy(update={"folder": _folder_of(split.name, files)}) for split in manifest.splits)
    return manifest.model_copy(update={"files": files, "splits": splits})


def _ends(model: ChatTokenizer, shape: Shape) -> tuple[int, ...]:
    if shape in TEXT_SHAPES:
        return () if model.eos is None else (model.eos,)
    return tuple(sorted(model.turn_ends))


def report(manifest: Manifest) -> Draft:
    """The event of success."""
    counts = {str(split.name): split.num_examples for split in manifest.splits}
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    payload = Preparation(
        manifest_id=manifest.id,
        num_examples=counts,
        num_trained_tokens={str(split.name): split.num_trained_tokens for split in manifest.splits},
        num_dropped=manifest.num_dropped,
        num_refused=manifest.num_refused,
        num_moved_for_leaks=manifest.num_moved_for_leaks,
        num_left_out_for_leaks=manifest.num_left_out_for_leaks,
        num_truncated=manifest.num_truncated,
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
