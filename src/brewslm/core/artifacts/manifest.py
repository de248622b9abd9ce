"""The manifest: the only truth about the data downstream of preparation."""

from typing import ClassVar, Literal

from brewslm.core.artifacts.base import Artifact, ArtifactKind, DatasetId
from brewslm.core.data.example import Shape
from brewslm.core.value import Value

SplitName = Literal["train", "eval", "test"]


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
    folder: str
    """Relative to the project's folder; the files in it are laid out as in `core/wire/shard.py`."""


class Manifest(Artifact):
    """Splits of one dataset, tokenised for one base model."""

    kind: ClassVar[ArtifactKind] = "manifest"

    dataset_id: DatasetId
    shape: Shape
    labels: tuple[str, ...]
    base_model: str
    tokenizer_hash: str
    template_hash: str
    seed: int
    shares: SplitShares
    is_stratified: bool
    """Whether each of 2 to 50 labels has its shares in expectation and is in every split that it can fill."""
    max_seq_len: int
    truncation: Literal["drop"]
    num_dropped: int
    """Examples longer than `max_seq_len`, left out of every split; listed in `dropped.parquet`."""
    num_moved_for_leaks: int
    """Examples taken out of train because the same user text is in eval or test, or out of eval because in test."""
    splits: tuple[Split, ...]

    def split(self, name: SplitName) -> Split:
        """Return the split of that name."""
        return next(split for split in self.splits if split.name == name)
