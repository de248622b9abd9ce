"""What preparation needs, and what must hold of its manifest."""

from pydantic import Field

from brewslm.core.artifacts.base import DatasetId
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.manifest import LeakCheck, LeakPolicy, Manifest, SplitShares, Truncation
from brewslm.core.context import StageContext
from brewslm.core.contract import After, Before, Contract
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.value import Value

MAX_GOLDEN_SHARE = 0.1


class PrepareInputs(Value):
    """A dataset version, the base model whose tokens it becomes, and how it is split."""

    dataset_id: DatasetId
    base_model: str = Field(min_length=1)
    """A bundled model's name, a local folder, or a Hugging Face id."""
    seed: int = Field(42, ge=0)
    """Salts the hash that decides which split an example belongs to."""
    shares: SplitShares = SplitShares()
    max_seq_len: int = Field(512, ge=16, le=131072)
    """Longest example in tokens; what happens to longer ones says `truncation`."""
    truncation: Truncation = "drop"
    """Leave them out, cut off their end, or refuse the preparation. Either way they are listed or counted."""
    group_by: str | None = Field(None, min_length=1, max_length=200)
    """A key of the examples' metadata: examples of one value are never parted."""
    time_by: str | None = Field(None, min_length=1, max_length=200)
    """A key of the examples' metadata that holds a time: the newest examples are test, those before them eval."""
    use_source_splits: bool = False
    """Whether the splits that the source came with are kept."""
    leak_policy: LeakPolicy = "move"
    """What happens to examples that ask the same as one of a more protected split: they join it, or are left out, or
    stay. What is in a golden set is never trained on, whatever this says."""
    leak_check: LeakCheck = "near"
    """Whether near duplicates count as the same (token-set Jaccard index of 0.9 or more), or only exact ones."""


def _shares_are_whole(inputs: PrepareInputs, context: StageContext) -> Finding | None:
    del context
    shares = inputs.shares.model_dump()
    if abs(sum(shares.values()) - 1.0) < 1e-6 and all(share > 0.0 for share in shares.values()):
        return None
    told = ", ".join(f"{name} {share:g}" for name, share in shares.items())
    return Finding(
        check="whole_shares",
        level="block",
        seen=f"The shares are {told}: each must be above 0, and together they must make 1.",
        next_step="Change the shares.",
        reason=Reason.PREPARATION_EMPTY_SPLIT,
    )


def _fits_context(inputs: PrepareInputs, context: StageContext) -> Finding | None:
    facts = context.base_models.facts(inputs.base_model)
    if inputs.max_seq_len <= facts.context_length:
        return None
    return Finding(
        check="fits_context",
        level="block",
        seen=f"max_seq_len={inputs.max_seq_len} is above the {facts.context_length} tokens of {facts.name!r}.",
        next_step=f"Set max_seq_len to {facts.context_length} or less.",
        reason=Reason.PREFLIGHT_CAPABILITY,
    )


def _has_three(inputs: PrepareInputs, context: StageContext) -> Finding | None:
    dataset = context.shelf.read(Dataset, inputs.dataset_id)
    if dataset.num_examples >= 3:
        return None
    return Finding(
        check="three_examples",
        level="block",
        seen=f"{dataset.num_examples} examples cannot fill the three splits.",
        next_step="Import more data.",
        reason=Reason.PREPARATION_EMPTY_SPLIT,
    )


def _one_rule(inputs: PrepareInputs, context: StageContext) -> Finding | None:
    del context
    rules = [
        name
        for name, is_set in (
            ("group_by", inputs.group_by is not None),
            ("time_by", inputs.time_by is not None),
            ("use_source_splits", inputs.use_source_splits),
        )
        if is_set
    ]
    if len(rules) < 2:
        return None
    return Finding(
        check="one_rule",
        level="block",
        seen=f"{' and '.join(rules)} are set, and each of them alone decides the splits.",
        next_step="Choose one.",
        reason=Reason.SYSTEM_REQUEST_INVALID,
    )


def _can_check(inputs: PrepareInputs, context: StageContext) -> Finding | None:
    del context
    if inputs.leak_check != "semantic":
        return None
    return Finding(
        check="leak_check",
        level="block",
        seen="leak_check=semantic needs a model that embeds texts, and none comes with BrewSLM.",
        next_step="Choose near or exact.",
        reason=Reason.SYSTEM_REQUEST_INVALID,
    )


def _golden_apart(manifest: Manifest, context: StageContext) -> Finding | None:
    del context
    worst = [one for one in manifest.goldens if one.num_found >= MAX_GOLDEN_SHARE * max(one.num_texts, 1)]
    if not worst:
        return None
    told = ", ".join(f"{one.num_found:,} of {one.num_texts:,} texts of {one.name!r}" for one in worst)
    return Finding(
        check="golden_apart",
        level="block",
        seen=f"The data holds {told}, exactly or nearly; from {MAX_GOLDEN_SHARE:.0%} on a golden set proves nothing.",
        next_step="Take these texts out of the data, or make the golden set of others.",
        reason=Reason.PREPARATION_GOLDEN_OVERLAP,
    )


def _no_chains(manifest: Manifest, context: StageContext) -> Finding | None:
    del context
    if not manifest.num_chained:
        return None
    return Finding(
        check="no_chains",
        level="warn",
        seen=(
            f"{manifest.num_chained:,} examples are so alike, each to the next, that moving them together would empty "
            "train; they were left where they were, and eval and test are easier for it."
        ),
        next_step="Choose leak_policy drop, group_by, or more varied data.",
    )


def _no_drift(manifest: Manifest, context: StageContext) -> Finding | None:
    del context
    notable = [drift for drift in manifest.drifts if drift.is_notable]
    if not notable:
        return None
    told = ", ".join(f"{one.split} in {one.measure} ({one.value:.2f}, over {one.threshold:.2f})" for one in notable)
    return Finding(
        check="no_drift",
        level="warn",
        seen=f"Splits differ from train more than chance explains: {told}.",
        next_step="Look at them before trusting the evaluation.",
    )


def _whole_conversations(manifest: Manifest, context: StageContext) -> Finding | None:
    del context
    if not manifest.num_partly_trained:
        return None
    return Finding(
        check="whole_conversations",
        level="warn",
        seen=(
            f"Of {manifest.num_partly_trained:,} conversations only the last turn is trained, because the base "
            "model's chat template rewrites earlier turns."
        ),
        next_step="Nothing has to be done; more is trained with another base model.",
    )


def _none_empty(manifest: Manifest, context: StageContext) -> Finding | None:
    del context
    empty = [split.name for split in manifest.splits if split.num_examples == 0]
    if not empty:
        return None
    out = manifest.num_left_out_for_leaks
    left_out = f", and {out:,} were left out as leaks" if out else ""
    refused = f", the chat template refused {manifest.num_refused:,}" if manifest.num_refused else ""
    return Finding(
        check="filled_splits",
        level="block",
        seen=(
            f"No example is in {' and '.join(empty)}; {manifest.num_dropped:,} were longer than "
            f"{manifest.max_seq_len} tokens{refused}{left_out}."
        ),
        next_step="Import more data, change the shares, or raise max_seq_len.",
        reason=Reason.PREPARATION_EMPTY_SPLIT,
    )


def _few_dropped(manifest: Manifest, context: StageContext) -> Finding | None:
    del context
    total = _num_considered(manifest)
    if manifest.num_dropped * 100 <= total:
        return None
    return Finding(
        check="few_dropped",
        level="warn",
        seen=(
            f"{manifest.num_dropped:,} of {total:,} examples are longer than {manifest.max_seq_len} tokens "
            "and were left out."
        ),
        next_step="Raise max_seq_len if the base model can see more.",
    )


def _none_refused(manifest: Manifest, context: StageContext) -> Finding | None:
    del context
    if not manifest.num_refused:
        return None
    return Finding(
        check="none_refused",
        level="warn",
        seen=(
            f"The base model's chat template refuses {manifest.num_refused:,} of {_num_considered(manifest):,} "
            "examples, which were left out."
        ),
        next_step="Read why in the table `dropped`; map the data to turns that it takes, or choose another base model.",
    )


def _num_considered(manifest: Manifest) -> int:
    """Examples that were to be in a split."""
    return manifest.num_dropped + manifest.num_refused + sum(split.num_examples for split in manifest.splits)


CONTRACT: Contract[PrepareInputs, Manifest] = Contract(
    before=(
        Before("whole_shares", "Every split has a share, and the shares make one.", _shares_are_whole),
        Before("three_examples", "There is an example for each of the three splits.", _has_three),
        Before("one_rule", "One rule decides the splits.", _one_rule),
        Before("leak_check", "What is asked to be looked for can be looked for.", _can_check),
        Before("fits_context", "The base model can see as many tokens as an example may have.", _fits_context),
    ),
    after=(
        After("filled_splits", "No split is empty.", _none_empty),
        After("few_dropped", "At most one example in a hundred is too long.", _few_dropped),
        After("none_refused", "The chat template takes every example.", _none_refused),
        After("golden_apart", "Less than a tenth of each golden set is in the data.", _golden_apart),
        After("no_chains", "No chain of near duplicates is too long to be moved.", _no_chains),
        After("whole_conversations", "Every turn of the assistant is trained.", _whole_conversations),
        After("no_drift", "The splits are alike.", _no_drift),
    ),
)
