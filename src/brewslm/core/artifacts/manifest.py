"""The manifest: the only truth about the data downstream of preparation."""

from typing import ClassVar, Literal

from brewslm.core.artifacts.base import Artifact, ArtifactKind, DatasetId
from brewslm.core.data.example import Shape
from brewslm.core.ids import ArtifactId
from brewslm.core.value import Value

SplitName = Literal["train", "eval", "test"]
LeakKind = Literal["exact", "near"]
LeakPolicy = Literal["move", "drop", "report"]
LeakCheck = Literal["exact", "near", "semantic"]
Truncation = Literal["drop", "truncate", "raise"]


class SplitShares(Value):
    """Shares of the examples; they sum to 1."""

    train: float = 0.8
    eval: float = 0.1
    test: float = 0.1


class Split(Value):
    """One split: its counts and its shard."""

    name: SplitName
    num_examples: int
    num_tokens: int
    num_trained_tokens: int
    """Tokens that the loss is taken over."""
    num_bytes: int
    """UTF-8 bytes of the text that those tokens spell, for bits per byte."""
    length_quantiles: dict[str, float]
    """Tokens per example at p10, p50, p90, p99 and max."""
    length_counts: tuple[int, ...] = ()
    """How many examples are in each of `LENGTH_BINS` bins of equal width, from 0 to `max_seq_len` tokens."""
    folder: str
    """Relative to the project's folder; the files in it are laid out as in `core/wire/shard.py`."""


LENGTH_BINS = 24


class LeakTally(Value):
    """Overlaps of one kind between two places, as the splits were planned, before they were taken out."""

    kind: LeakKind
    split: SplitName
    """The less protected split."""
    against: str
    """The more protected split, or `golden` and the name of a golden set."""
    num_pairs: int
    num_examples: int
    """Examples of `split` that are in these pairs."""


class GoldenOverlap(Value):
    """What the preparation found in common with a golden set."""

    golden_id: ArtifactId
    name: str
    num_texts: int
    """Texts of the golden set that were not taken from the same data."""
    num_found: int
    """Of those, how many are in the data, exactly or nearly."""


class Drift(Value):
    """How a split differs from train."""

    split: SplitName
    measure: Literal["length", "labels", "vocabulary"]
    value: float
    """`length`: the Kolmogorov-Smirnov distance of tokens an example. `labels`: the total variation distance of the
    label shares. `vocabulary`: the share of the split's tokens that train never has."""
    threshold: float
    """Over it the difference is worth a look; it is larger for small splits, where chance makes differences."""

    @property
    def is_notable(self) -> bool:
        """Whether it is worth a look."""
        return self.value > self.threshold


class Manifest(Artifact):
    """Splits of one dataset, tokenised for one base model.

    Files: a folder per split, laid out as in `core/wire/shard.py`; the tables `dropped.parquet` (examples that are in
    no split), `truncated.parquet` and `leaks.parquet`; and `manifest.json`, which says for people and for other
    programs what this artifact says.
    """

    kind: ClassVar[ArtifactKind] = "manifest"

    dataset_id: DatasetId
    shape: Shape
    labels: tuple[str, ...]
    base_model: str
    tokenizer_hash: str
    template_hash: str
    turn_ends: tuple[int, ...] = ()
    """Tokens one of which ends whatever is trained; empty in manifests of before this was kept."""
    seed: int
    shares: SplitShares
    group_by: str | None = None
    """The key of the metadata whose values are never parted."""
    time_by: str | None = None
    """The key of the metadata by whose time the splits are cut."""
    uses_source_splits: bool = False
    is_stratified: bool
    """Whether each of 2 to 50 labels has its shares in expectation and is in every split that it can fill."""
    max_seq_len: int
    truncation: Truncation
    num_dropped: int
    """Examples that are in no split for their length; listed in `dropped.parquet`."""
    num_refused: int = 0
    """Examples that are in no split because the chat template refuses them; listed there, too, with its words."""
    num_truncated: int = 0
    """Examples whose end was cut off at `max_seq_len`; listed in `truncated.parquet`."""
    num_partly_trained: int = 0
    """Conversations of which only the last turn is trained, because the template rewrites earlier ones."""
    leak_policy: LeakPolicy = "move"
    leak_check: LeakCheck = "exact"
    leaks: tuple[LeakTally, ...] = ()
    num_moved_for_leaks: int
    """Examples taken out of train because the same user text is in eval or test, or out of eval because in test."""
    num_left_out_for_leaks: int = 0
    """Examples that are in no split for that reason; listed in `dropped.parquet`."""
    num_chained: int = 0
    """Examples in chains of near duplicates too long to be moved: they may be alike in two splits."""
    goldens: tuple[GoldenOverlap, ...] = ()
    """The golden sets that there were, none of which is in train."""
    drifts: tuple[Drift, ...] = ()
    splits: tuple[Split, ...]

    def split(self, name: SplitName) -> Split:
        """Return the split of that name."""
        return next(split for split in self.splits if split.name == name)
