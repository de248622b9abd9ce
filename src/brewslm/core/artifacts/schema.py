"""What introspection saw, and the readings that it proposes."""

from typing import ClassVar

from pydantic import Field

from brewslm.core.artifacts.base import Artifact, ArtifactKind, SnapshotId
from brewslm.core.data.example import Shape
from brewslm.core.value import Value


class ColumnProfile(Value):
    """One column of the sample."""

    name: str
    types: dict[str, int]
    """JSON type names and how often each was seen."""
    fill_rate: float
    """Share of sampled rows with a non-empty value, 0 to 1."""
    num_distinct: int
    length_quantiles: dict[str, float]
    """Length in characters at p10, p50, p90 and max, of values that are text."""
    examples: tuple[str, ...]


class ColumnMap(Value):
    """Which column plays which role. Roles depend on the shape; unused ones are None."""

    messages: str | None = None
    role_key: str = "role"
    content_key: str = "content"
    role_names: dict[str, str] = Field(default_factory=dict)
    """How the source spells `system`, `user` and `assistant`: source spelling to ours."""
    system: str | None = None
    prompt: str | None = None
    context: str | None = None
    """Extra input that follows the prompt: Alpaca's `input`, a passage for a question."""
    completion: str | None = None
    text: str | None = None
    label: str | None = None
    labels: tuple[str, ...] = ()
    """The label vocabulary, sorted; empty for other shapes."""


class Hypothesis(Value):
    """One reading of the data."""

    shape: Shape
    confidence: float
    """Share of sampled rows that it converts, times the column evidence; 0 to 1."""
    evidence: tuple[str, ...]
    columns: ColumnMap


class Schema(Artifact):
    """The result of introspection. It writes nothing else."""

    kind: ClassVar[ArtifactKind] = "schema"

    snapshot_id: SnapshotId
    num_sampled: int
    columns: tuple[ColumnProfile, ...]
    hypotheses: tuple[Hypothesis, ...]
    """Ranked, the most confident first."""
    chosen: Shape | None
    """None where the ranking is ambiguous."""
    problem: str = ""
    """Why nothing was chosen, in a sentence with the next step."""
