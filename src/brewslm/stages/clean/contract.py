"""What cleaning needs, and what must hold of the version that it makes."""

from brewslm.core.artifacts.base import DatasetId
from brewslm.core.artifacts.cleaning import CleaningPlan
from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.context import StageContext
from brewslm.core.contract import After, Contract
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding
from brewslm.core.value import Value


class CleanInputs(Value):
    """A dataset version, and what to do with it."""

    dataset_id: DatasetId
    plan: CleaningPlan = CleaningPlan()
    """All rules; by default only exact duplicates are taken out."""


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
    num_removed = sum(dataset.removed.values())
    if dataset.num_examples + num_removed == mapped + dataset.num_added:
        return None
    return Finding(
        check="counts_add_up",
        level="block",
        seen=f"{dataset.num_examples:,} left, {num_removed:,} removed, {mapped:,} mapped, {dataset.num_added:,} added.",
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


def _is_not_greedy(dataset: Dataset, context: StageContext) -> Finding | None:
    del context
    done = dataset.cleaning
    if done is None:
        return None
    allowed = f"{done.plan.warn_removed_share:.0%} of {done.num_before:,} examples"
    most = done.plan.warn_removed_share * (done.num_before + done.num_chunks - done.num_chunked)
    greedy = [f"{rule} {count:,}" for rule, count in done.removed.items() if count > most]
    if not greedy:
        return None
    return Finding(
        check="no_greedy_rule",
        level="warn",
        seen=f"More than {allowed} went by one rule: {', '.join(greedy)}.",
        next_step="Look at `removed.parquet` of the dataset, and loosen the rule if good examples went.",
    )


def _names_personal_data(dataset: Dataset, context: StageContext) -> Finding | None:
    del context
    done = dataset.cleaning
    if done is None or not (done.num_with_pii or done.num_labels_with_pii):
        return None
    if done.plan.pii.policy == "redact" and not done.num_labels_with_pii:
        return None
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in done.pii.items())
    labels = (
        f" {done.num_labels_with_pii:,} labels hold some too; labels are never rewritten."
        if done.num_labels_with_pii
        else ""
    )
    return Finding(
        check="no_personal_data",
        level="warn",
        seen=f"{done.num_with_pii:,} examples hold personal data or secrets: {kinds or 'none in texts'}.{labels}",
        next_step="Clean with `--pii redact`, or change the labels in the source.",
    )


CONTRACT: Contract[CleanInputs, Dataset] = Contract(
    after=(
        After("some_examples_left", "At least one example is left.", _is_not_empty),
        After("counts_add_up", "What is left and what was removed make up what was mapped and cut.", _adds_up),
        After("one_label_per_text", "No text carries two labels.", _has_no_conflict),
        After("no_greedy_rule", "No rule takes out more than the share that is warned of.", _is_not_greedy),
        After("no_personal_data", "No personal data is left, where it was looked for.", _names_personal_data),
    )
)
