"""The counts of a cleaning, and a few examples of each rule for showing."""

from collections import Counter
from dataclasses import dataclass, field

from brewslm.core.artifacts.cleaning import CleaningPlan, CleaningReport, CleaningSample, ClusterSample
from brewslm.core.data.cleaning import Removal
from brewslm.stages.clean.mending import Mended

PER_RULE = 3
MAX_CLUSTERS = 10
_EXCERPT = 160


def excerpt(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text[: 2 * _EXCERPT].split())
    return line if len(line) <= _EXCERPT else line[: _EXCERPT - 1] + "…"


@dataclass(slots=True)
class Account:
    """Counts up."""

    num_before: int = 0
    num_after: int = 0
    num_chunked: int = 0
    num_chunks: int = 0
    num_with_pii: int = 0
    num_labels_with_pii: int = 0
    num_conflicts: int = 0
    removed: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    pii: Counter[str] = field(default_factory=Counter)
    clusters: tuple[ClusterSample, ...] = ()
    num_clusters: int = 0
    _samples: dict[str, list[CleaningSample]] = field(default_factory=dict)

    def mended(self, mended: Mended) -> None:
        """Count what was changed and found in an example."""
        self.pii.update(find.kind for find in mended.finds)
        self.num_with_pii += bool(mended.finds)
        self.num_labels_with_pii += mended.has_label_with_pii
        rules = dict.fromkeys(change.rule for change in mended.changes)
        self.changed.update(rules.keys())
        for rule in rules:
            if self._wants(rule):
                first = next(change for change in mended.changes if change.rule == rule)
                sample = CleaningSample(rule=rule, source_row=first.source_row, before=first.before, after=first.after)
                self._show(rule, sample)

    def took_out(self, removal: Removal) -> None:
        """Count a removal."""
        self.removed[removal.rule] += 1
        if self._wants(removal.rule):
            sample = CleaningSample(rule=removal.rule, source_row=removal.source_row, before=removal.excerpt)
            self._show(removal.rule, sample)

    def report(self, plan: CleaningPlan, *, is_whole: bool) -> CleaningReport:
        """Close the account."""
        return CleaningReport(
            plan=plan,
            num_before=self.num_before,
            num_after=self.num_after,
            num_chunked=self.num_chunked,
            num_chunks=self.num_chunks,
            removed=dict(sorted(self.removed.items())),
            changed=dict(sorted(self.changed.items())),
            pii=dict(sorted(self.pii.items())),
            num_with_pii=self.num_with_pii,
            num_labels_with_pii=self.num_labels_with_pii,
            num_conflicts=self.num_conflicts,
            num_clusters=self.num_clusters,
            clusters=self.clusters,
            samples=tuple(sample for _, samples in sorted(self._samples.items()) for sample in samples),
            is_whole=is_whole,
        )

    def _wants(self, rule: str) -> bool:
        return len(self._samples.get(rule, ())) < PER_RULE

    def _show(self, rule: str, sample: CleaningSample) -> None:
        self._samples.setdefault(rule, []).append(sample)
