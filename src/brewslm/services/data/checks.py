"""The checks of data health. Each looks at what is known and says one thing; thresholds stand beside their reason."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from brewslm.core.artifacts.dataset import Dataset
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.finding import Level
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.value import Value
from brewslm.services.data.scan import Scan, texts_of
from brewslm.stages.clean.pii import find
from brewslm.stages.clean.quality import language_detector

WARN_SHARE = 0.01
"""Of rows that cannot be read, are rejected, said twice or cut: one in a hundred is worth a look."""
BLOCK_REJECTED_SHARE = 0.05
"""Gate A lets no more rows be lost than this, unless the user says otherwise."""
FEW_EXAMPLES = 5
"""A label with fewer examples cannot be learnt, tested and watched at once."""
UNEVEN_RATIO = 20.0
"""Above this ratio of the most to the least frequent label, accuracy alone misleads."""
MAIN_LANGUAGE_SHARE = 0.9
"""Where fewer examples are in the most frequent language, a small model learns several at once."""
LONG_RATIO = 20.0
"""An example so many times longer than the median takes a batch for itself."""

MAX_LANGUAGE_EXAMPLES = 500
"""The language of so many is told: the share is then right to a few in a hundred."""

CheckName = Literal[
    "parse_failures",
    "rejected_rows",
    "duplicates",
    "label_conflicts",
    "label_balance",
    "lengths",
    "personal_data",
    "language_mix",
    "leaks",
    "empty_masks",
    "drift",
]


class RowsLink(Value):
    """Where the rows of a check are."""

    artifact_id: ArtifactId
    table: str


class HealthCheck(Value):
    """What one check says."""

    check: CheckName
    level: Level
    seen: str
    is_estimated: bool = False
    """Whether it was seen in a part of the examples only."""
    rows: RowsLink | None = None
    fix: str = ""
    """What to do, in words."""
    command: str = ""
    """What shows it or does it; a cleaning is previewed first."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a project's present data."""

    project_id: ProjectId
    snapshot: Snapshot
    mapped: Dataset
    """The version that was mapped."""
    dataset: Dataset
    """The newest version; the same one where it was not cleaned."""
    manifest: Manifest | None
    scan: Scan


def parse_failures(facts: Facts) -> HealthCheck:
    """Records of the source that cannot be read."""
    snapshot = facts.snapshot
    share = snapshot.num_malformed / max(1, snapshot.num_rows)
    if not snapshot.num_malformed:
        return HealthCheck(check="parse_failures", level="ok", seen=f"All {snapshot.num_rows:,} records can be read.")
    return HealthCheck(
        check="parse_failures",
        level="warn" if share > WARN_SHARE else "ok",
        seen=f"{snapshot.num_malformed:,} of {snapshot.num_rows:,} records ({share:.2%}) cannot be read.",
        rows=RowsLink(artifact_id=facts.mapped.id, table="rejections"),
        fix="Mend the lines in the source and import again.",
        command=f"brewslm dataset rejections --project {facts.project_id} --reason malformed_record",
    )


def rejected_rows(facts: Facts) -> HealthCheck:
    """Rows that did not become examples."""
    tally = facts.mapped.tally
    share = 1.0 - tally.coverage
    if not tally.rejected:
        return HealthCheck(check="rejected_rows", level="ok", seen=f"All {tally.total:,} rows became examples.")
    most = next(iter(facts.mapped.rejections))
    level: Level = "block" if share > BLOCK_REJECTED_SHARE else "warn" if share > WARN_SHARE else "ok"
    return HealthCheck(
        check="rejected_rows",
        level=level,
        seen=f"{tally.rejected:,} of {tally.total:,} rows ({share:.2%}) were rejected, most for {most}.",
        rows=RowsLink(artifact_id=facts.mapped.id, table="rejections"),
        fix="Read them; edit and repair them, or change the mapping.",
        command=f"brewslm dataset rejections --project {facts.project_id}",
    )


def duplicates(facts: Facts) -> HealthCheck:
    """Examples that say the same."""
    scan = facts.scan
    share = scan.num_duplicates / max(1, scan.num_scanned)
    about = "" if scan.is_whole else "at least "
    if not scan.num_duplicates:
        seen = f"No example is said twice among {scan.num_scanned:,}."
        return HealthCheck(check="duplicates", level="ok", seen=seen, is_estimated=not scan.is_whole)
    return HealthCheck(
        check="duplicates",
        level="warn" if share > WARN_SHARE else "ok",
        seen=f"{about}{scan.num_duplicates:,} of {scan.num_scanned:,} examples ({share:.2%}) repeat another one.",
        is_estimated=not scan.is_whole,
        rows=RowsLink(artifact_id=facts.dataset.id, table="examples"),
        fix="Clean the dataset; the first of equal ones stays.",
        command=f"brewslm clean --project {facts.project_id} --preview",
    )


def label_conflicts(facts: Facts) -> HealthCheck | None:
    """Texts with more than one label."""
    scan = facts.scan
    if not scan.labels:
        return None
    if not scan.num_conflicts:
        return HealthCheck(
            check="label_conflicts", level="ok", seen="No text has two labels.", is_estimated=not scan.is_whole
        )
    return HealthCheck(
        check="label_conflicts",
        level="warn",
        seen=f"{scan.num_conflicts:,} examples give a text another label than an example before.",
        is_estimated=not scan.is_whole,
        rows=RowsLink(artifact_id=facts.dataset.id, table="examples"),
        fix="Decide on one label in the source: nobody can learn both.",
    )


def label_balance(facts: Facts) -> HealthCheck | None:
    """How evenly the labels are spread."""
    scan = facts.scan
    if not scan.labels:
        return None
    ranked = scan.labels.most_common()
    (most, num_most), (least, num_least) = ranked[0], ranked[-1]
    if len(ranked) == 1:
        seen = f"Every example has the label {most!r}."
        return HealthCheck(
            check="label_balance",
            level="block" if scan.is_whole else "warn",
            seen=seen,
            is_estimated=not scan.is_whole,
            fix="Add examples of at least one other label.",
        )
    rare = sum(count < FEW_EXAMPLES for _, count in ranked)
    is_uneven = num_most > UNEVEN_RATIO * num_least
    told = f"{len(ranked):,} labels, from {num_most:,} ({most!r}) to {num_least:,} ({least!r}) examples"
    few = f"; {rare:,} have fewer than {FEW_EXAMPLES}" if rare and scan.is_whole else ""
    is_bad = is_uneven or (rare > 0 and scan.is_whole)
    return HealthCheck(
        check="label_balance",
        level="warn" if is_bad else "ok",
        seen=f"{told}{few}.",
        is_estimated=not scan.is_whole,
        fix="Add examples of the rare labels, or merge labels in the mapping." if is_bad else "",
    )


def lengths(facts: Facts) -> HealthCheck:
    """How long examples are, and whether any is left out for it."""
    ordered = sorted(facts.scan.characters)
    median, longest = ordered[len(ordered) // 2], ordered[-1]
    told = f"Half of the examples have up to {median:,} characters, the longest {longest:,}."
    if facts.manifest is not None:
        manifest = facts.manifest
        total = manifest.num_dropped + manifest.num_refused + sum(split.num_examples for split in manifest.splits)
        if manifest.num_dropped:
            return HealthCheck(
                check="lengths",
                level="warn" if manifest.num_dropped > WARN_SHARE * total else "ok",
                seen=f"{told} {manifest.num_dropped:,} of {total:,} exceed {manifest.max_seq_len:,} tokens: left out.",
                rows=RowsLink(artifact_id=manifest.id, table="dropped"),
                fix="Raise max_seq_len, or split what is long.",
            )
    is_uneven = longest > LONG_RATIO * max(1, median)
    return HealthCheck(
        check="lengths",
        level="warn" if is_uneven else "ok",
        seen=told,
        is_estimated=not facts.scan.is_whole,
        fix="Look at the longest ones: they are often not what they should be." if is_uneven else "",
    )


def personal_data(facts: Facts) -> HealthCheck:
    """E-mail addresses, phone numbers, account numbers, keys and the like."""
    kinds: Counter[str] = Counter()
    affected = 0
    for example in facts.scan.sample:
        found = {span.kind for text in texts_of(example) for span in find(text)}
        affected += bool(found)
        kinds.update(found)
    looked = len(facts.scan.sample)
    if not affected:
        seen = f"None was found in {looked:,} examples looked at."
        return HealthCheck(
            check="personal_data", level="ok", seen=seen, is_estimated=looked < facts.dataset.num_examples
        )
    told = ", ".join(f"{kind} in {count:,}" for kind, count in kinds.most_common())
    return HealthCheck(
        check="personal_data",
        level="warn",
        seen=f"{affected:,} of {looked:,} examples looked at hold some: {told}.",
        is_estimated=looked < facts.dataset.num_examples,
        rows=RowsLink(artifact_id=facts.dataset.id, table="examples"),
        fix="Put placeholders in its place; a model repeats what it was trained on.",
        command=f"brewslm clean --project {facts.project_id} --pii redact --preview",
    )


def language_mix(facts: Facts) -> HealthCheck | None:
    """Which languages the examples are in."""
    detect = _detector()
    told = (detect(" ".join(texts_of(example)))[0] for example in facts.scan.sample[:MAX_LANGUAGE_EXAMPLES])
    languages = Counter(language for language in told if language is not None)
    if not languages:
        return None
    total = languages.total()
    main, count = languages.most_common(1)[0]
    mix = ", ".join(f"{language} {number / total:.0%}" for language, number in languages.most_common(4))
    is_mixed = count < MAIN_LANGUAGE_SHARE * total
    return HealthCheck(
        check="language_mix",
        level="warn" if is_mixed else "ok",
        seen=f"Of {total:,} examples looked at: {mix}.",
        is_estimated=total < facts.dataset.num_examples,
        fix=f"Keep one language if the others are there by mistake; {main!r} is the most frequent." if is_mixed else "",
        command=f"brewslm clean --project {facts.project_id} --language {main} --preview" if is_mixed else "",
    )


def drift(facts: Facts) -> HealthCheck | None:
    """Whether eval and test are like train."""
    if facts.manifest is None:
        return None
    notable = [one for one in facts.manifest.drifts if one.is_notable]
    if not notable:
        return HealthCheck(check="drift", level="ok", seen="Eval and test are like train in length, labels and words.")
    told = ", ".join(f"{one.measure} of {one.split} ({one.value:.2f} over {one.threshold:.2f})" for one in notable)
    return HealthCheck(
        check="drift",
        level="warn",
        seen=f"Splits differ from train: {told}.",
        fix="Look at how the data was split: by time or by group they differ on purpose, by chance they should not.",
    )


def leaks(facts: Facts) -> HealthCheck:
    """Whether what is evaluated on was trained on."""
    if facts.manifest is None:
        return HealthCheck(
            check="leaks",
            level="unknown",
            seen="The dataset has not been split yet.",
            fix="Prepare it; overlap is moved out of train.",
            command=f"brewslm prepare --project {facts.project_id}",
        )
    manifest = facts.manifest
    num_pairs = sum(one.num_pairs for one in manifest.leaks)
    if not num_pairs:
        return HealthCheck(check="leaks", level="ok", seen="No overlap between the splits, nor with a golden set.")
    taken = manifest.num_moved_for_leaks + manifest.num_left_out_for_leaks
    stays = manifest.leak_policy == "report" or manifest.num_chained > 0
    fate = f"{taken:,} examples were taken out of the less protected split"
    fate += f", {manifest.num_chained:,} in long chains stay" if manifest.num_chained else ""
    return HealthCheck(
        check="leaks",
        level="warn" if stays else "ok",
        seen=f"{num_pairs:,} pairs overlap; {fate if manifest.leak_policy != 'report' else 'all of them stay'}.",
        rows=RowsLink(artifact_id=manifest.id, table="leaks"),
        fix="Prepare again with `--leaks move`, or clean near duplicates first." if stays else "",
        command=f"brewslm clean --project {facts.project_id} --near-duplicates 0.85 --preview" if stays else "",
    )


def empty_masks(facts: Facts) -> HealthCheck:
    """Whether every example has something to learn."""
    if facts.manifest is None:
        return HealthCheck(
            check="empty_masks",
            level="unknown",
            seen="The dataset has not been tokenised yet.",
            fix="Prepare it; an example without a trained token stops there.",
            command=f"brewslm prepare --project {facts.project_id}",
        )
    trained = sum(split.num_trained_tokens for split in facts.manifest.splits)
    total = sum(split.num_tokens for split in facts.manifest.splits)
    seen = f"Every example has trained tokens: {trained:,} of {total:,} ({trained / max(1, total):.0%})."
    partly = facts.manifest.num_partly_trained
    if not partly:
        return HealthCheck(check="empty_masks", level="ok", seen=seen)
    return HealthCheck(
        check="empty_masks",
        level="warn",
        seen=f"{seen} Of {partly:,} conversations only the last turn is trained: the template rewrites earlier ones.",
        fix="Look at one with `brewslm xray`; choose a base model whose template keeps earlier turns.",
    )


@cache
def _detector() -> Callable[[str], tuple[str | None, float]]:
    """The detector of languages, loaded once a process: that takes a second."""
    return language_detector()


CHECKS: tuple[Callable[[Facts], HealthCheck | None], ...] = (
    parse_failures,
    rejected_rows,
    duplicates,
    label_conflicts,
    label_balance,
    lengths,
    personal_data,
    language_mix,
    leaks,
    empty_masks,
    drift,
)
"""In the order of a row's life. One that says nothing about this shape of data returns None."""
