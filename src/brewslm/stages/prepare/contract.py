"""What preparation needs, and what must hold of its manifest."""

from pydantic import Field

from brewslm.core.artifacts.base import DatasetId
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.manifest import Manifest, SplitShares
from brewslm.core.context import StageContext
from brewslm.core.contract import After, Before, Contract
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.value import Value


class PrepareInputs(Value):
    """A dataset version, the base model whose tokens it becomes, and how it is split."""

    dataset_id: DatasetId
    base_model: str = Field(min_length=1)
    """A bundled model's name, a local folder, or a Hugging Face id."""
    seed: int = Field(42, ge=0)
    """Salts the hash that decides which split an example belongs to."""
    shares: SplitShares = SplitShares()
    max_seq_len: int = Field(512, ge=16, le=131072)
    """Longest example in tokens; longer ones are left out and listed."""


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


def _none_empty(manifest: Manifest, context: StageContext) -> Finding | None:
    del context
    empty = [split.name for split in manifest.splits if split.num_examples == 0]
    if not empty:
        return None
    return Finding(
        check="filled_splits",
        level="block",
        seen=(
            f"No example is in {' and '.join(empty)}; {manifest.num_dropped:,} were longer than "
            f"{manifest.max_seq_len} tokens."
        ),
        next_step="Import more data, change the shares, or raise max_seq_len.",
        reason=Reason.PREPARATION_EMPTY_SPLIT,
    )


def _few_dropped(manifest: Manifest, context: StageContext) -> Finding | None:
    del context
    total = manifest.num_dropped + sum(split.num_examples for split in manifest.splits)
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


CONTRACT: Contract[PrepareInputs, Manifest] = Contract(
    before=(
        Before("whole_shares", "Every split has a share, and the shares make one.", _shares_are_whole),
        Before("three_examples", "There is an example for each of the three splits.", _has_three),
        Before("fits_context", "The base model can see as many tokens as an example may have.", _fits_context),
    ),
    after=(
        After("filled_splits", "No split is empty.", _none_empty),
        After("few_dropped", "At most one example in a hundred is too long.", _few_dropped),
    ),
)
