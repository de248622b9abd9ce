"""What introspection saw, and the readings that it proposes."""

from typing import ClassVar

from pydantic import Field

from brewslm.core.artifacts.base import Artifact, ArtifactKind, SnapshotId
from brewslm.core.artifacts.transforms import Transform
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
    """Which column plays which role. Roles depend on the shape; unused ones are None.

    A column is a key of the record, or a path into it: keys, and positions of lists, with dots between them
    (`translation.en`, `answers.text.0`). A key that holds dots itself is found first.
    """

    messages: str | None = None
    """A list of turns; of a preference the turns up to the answer."""
    role_key: str = "role"
    content_key: str = "content"
    role_names: dict[str, str] = Field(default_factory=dict)
    """How the source spells `system`, `user`, `assistant` and `tool`: source to ours; empty takes the usual."""
    system: str | None = None
    tools: str | None = None
    """The functions that the assistant may call, as a list or as JSON."""
    prompt: str | None = None
    context: str | None = None
    """Extra input that follows the prompt: Alpaca's `input`, a passage for a question."""
    completion: str | None = None
    text: str | None = None
    label: str | None = None
    labels: tuple[str, ...] = ()
    """The label vocabulary, sorted; empty for other shapes."""
    chosen: str | None = None
    rejected: str | None = None
    target: str | None = None
    """Of an extraction: a JSON object or list, or a text that holds one."""
    spans: str | None = None
    """Of an extraction: a list of spans of the text."""
    tokens: str | None = None
    tags: str | None = None
    """Of an extraction: a BIO tag for each token."""
    tag_names: tuple[str, ...] = ()
    """Names of tags that are numbers, by number."""
    instruction: str | None = None
    """A sentence that is said before every text: of an extraction, a summarisation or a translation."""
    row_id: str | None = None
    """The source's own id of a row; a second row of the same id is rejected."""


class Hypothesis(Value):
    """One reading of the data."""

    shape: Shape
    confidence: float
    """Share of sampled rows that it converts, times the column evidence; 0 to 1."""
    evidence: tuple[str, ...]
    columns: ColumnMap
    transforms: tuple[Transform, ...] = ()
    """What is done to a record before its columns are read."""
    mapper: str | None = None
    """The plugin that converts the record first."""


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
    mapper_problems: tuple[str, ...] = ()
    """Plugins that could not take part, and why."""
