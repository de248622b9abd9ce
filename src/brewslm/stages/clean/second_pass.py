"""What can be decided only with all examples in view: outliers, then near duplicates."""

from collections import Counter
from dataclasses import dataclass, field

from brewslm.core.artifacts.cleaning import CleaningPlan, ClusterSample
from brewslm.core.data.cleaning import ClusterMember, Removal
from brewslm.core.data.example import Example
from brewslm.core.ports.similarity import Similarity
from brewslm.core.ports.tables import Rows
from brewslm.stages.clean.account import MAX_CLUSTERS, PER_RULE, Account
from brewslm.stages.clean.first_pass import removal_of
from brewslm.stages.clean.near import Kept, Near, NearDuplicates
from brewslm.stages.clean.outliers import Outliers
from brewslm.stages.clean.texts import text_of

_SHOWN_FROM = 1000
"""The largest clusters are chosen from so many, the first ones."""


@dataclass(slots=True)
class _Group:
    """A few of the near duplicates of one example."""

    kept: Kept
    members: list[Removal] = field(default_factory=list)


class SecondPass:
    """Looks at all batches first, then decides on them in the same order."""

    def __init__(self, plan: CleaningPlan, similarity: Similarity, account: Account) -> None:
        self._account = account
        self._max_score = plan.quality.max_outlier_score
        self._outliers = Outliers() if self._max_score is not None else None
        self._near = NearDuplicates(plan.near_duplicates, similarity) if plan.near_duplicates is not None else None
        self._groups: dict[int, _Group] = {}
        self._sizes: Counter[int] = Counter()
        self._place = 0

    @property
    def is_needed(self) -> bool:
        """Whether a rule is on that needs all examples in view."""
        return self._outliers is not None or self._near is not None

    def look(self, batch: list[Example]) -> None:
        """Take note of a batch."""
        if self._outliers is not None:
            for example in batch:
                self._outliers.add(text_of(example))
        if self._near is not None:
            self._near.add(batch)

    def decide(self, batch: list[Example], removed: Rows[Removal], clusters: Rows[ClusterMember]) -> list[Example]:
        """Return what is left of a batch; list and count the rest."""
        kept = []
        for example in batch:
            removal = self._outlier(example) or self._near_duplicate(example, clusters)
            self._place += 1
            if removal is None:
                kept.append(example)
            else:
                self._account.took_out(removal)
                self._account.num_after -= 1
                removed.add([removal])
        return kept

    def close(self) -> None:
        """Put the clusters into the account."""
        self._account.num_clusters = len(self._sizes)
        largest = [number for number, _ in self._sizes.most_common() if number in self._groups][:MAX_CLUSTERS]
        self._account.clusters = tuple(_sample(self._groups[number]) for number in largest)

    def _outlier(self, example: Example) -> Removal | None:
        if self._outliers is None or self._max_score is None:
            return None
        score = self._outliers.score(self._place)
        if score <= self._max_score:
            return None
        return removal_of(example, "outlier", measured=round(score, 6), limit=self._max_score)

    def _near_duplicate(self, example: Example, clusters: Rows[ClusterMember]) -> Removal | None:
        near = self._near.judge(self._place, example) if self._near is not None else None
        if near is None or near.is_kept or self._near is None:
            return None
        removal = removal_of(
            example,
            "near_duplicate",
            kept_row=near.kept.source_row,
            measured=round(near.likeness, 6),
            limit=self._near.rule.threshold,
        )
        self._enter(near, removal, clusters)
        return removal

    def _enter(self, near: Near, removal: Removal, clusters: Rows[ClusterMember]) -> None:
        kept = near.kept
        if kept.cluster is None:
            kept.cluster = len(self._sizes)
            clusters.add([ClusterMember(kept.cluster, kept.id, kept.source_row, True, 1.0)])
        clusters.add([ClusterMember(kept.cluster, removal.id, removal.source_row, False, removal.measured or 0.0)])
        self._sizes[kept.cluster] += 1
        if kept.cluster < _SHOWN_FROM:
            group = self._groups.setdefault(kept.cluster, _Group(kept))
            if len(group.members) < PER_RULE:
                group.members.append(removal)


def _sample(group: _Group) -> ClusterSample:
    return ClusterSample(
        kept_row=group.kept.source_row,
        kept=group.kept.excerpt,
        removed_rows=tuple(one.source_row for one in group.members),
        removed=tuple(one.excerpt for one in group.members),
        likeness=tuple(one.measured or 0.0 for one in group.members),
    )
