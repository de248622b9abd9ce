"""What cleaning needs, and what must hold of the version that it makes."""

from brewslm.core.artifacts.base import DatasetId
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.context import StageContext
from brewslm.core.contract import After, Contract
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.value import Value


class CleanInputs(Value):
    """A dataset version, and what to take out of it."""

    dataset_id: DatasetId
    removes_duplicates: bool = True
    """Whether all but the first of equal examples are taken out."""


def _is_not_empty(dataset: Dataset, context: StageContext) -> Finding | None:
    del context
    if dataset.num_examples > 0:
        return None
    return Finding(
        check="some_examples_left",
        level="block",
        seen="Cleaning leaves no example.",
        next_step="Import more data, or loosen the rules.",
        reason=Reason.CLEANING_EMPTY,
    )


def _adds_up(dataset: Dataset, context: StageContext) -> Finding | None:
    del context
    mapped = dataset.tally.accepted + dataset.tally.repaired
    if dataset.num_examples + sum(dataset.removed.values()) == mapped:
        return None
    return Finding(
        check="counts_add_up",
        level="block",
        seen=f"{dataset.num_examples:,} left and {sum(dataset.removed.values()):,} removed do not make {mapped:,}.",
        reason=Reason.SYSTEM_INTERNAL,
    )


def _has_no_conflict(dataset: Dataset, context: StageContext) -> Finding | None:
    del context
    if dataset.num_conflicts == 0:
        return None
    return Finding(
        check="one_label_per_text",
        level="warn",
        seen=f"{dataset.num_conflicts:,} texts carry more than one label; all of them were kept.",
        next_step="Decide on one label in the source: nobody can learn both.",
    )


CONTRACT: Contract[CleanInputs, Dataset] = Contract(
    after=(
        After("some_examples_left", "At least one example is left.", _is_not_empty),
        After("counts_add_up", "What is left and what was removed make up what was mapped.", _adds_up),
        After("one_label_per_text", "No text carries two labels.", _has_no_conflict),
    )
)
