"""A mapping as data, with what a dry run of it gave."""

from typing import ClassVar

from pydantic import Field

from brewslm.core.artifacts.base import Artifact, ArtifactKind, SnapshotId, Tally
from brewslm.core.artifacts.dataset import Rejection
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.artifacts.transforms import Transform
from brewslm.core.data.example import Example, Shape
from brewslm.core.value import Value

_TOLD_BY: tuple[tuple[frozenset[str], Shape], ...] = (
    (frozenset({"chosen", "rejected"}), "preference"),
    (frozenset({"prompt", "completion", "label"}), "binary_feedback"),
    (frozenset({"prompt", "completion"}), "prompt_completion"),
    (frozenset({"text", "label"}), "classification"),
    (frozenset({"text", "target"}), "extraction"),
    (frozenset({"text", "spans"}), "extraction"),
    (frozenset({"tokens", "tags"}), "extraction"),
    (frozenset({"messages"}), "chat"),
)


class MappingSpec(Value):
    """A mapping as data: it names no snapshot, so it can be saved and run on the next one."""

    shape: Shape
    columns: ColumnMap
    transforms: tuple[Transform, ...] = ()
    """What is done to a record before its columns are read, in order."""
    mapper: str | None = None
    """The plugin that converts the record first."""
    max_characters: int | None = Field(None, ge=1)
    """Longer examples are rejected; None takes any length."""


class MappingChoices(Value):
    """What the user decides of a mapping where introspection is not certain, or knows less."""

    as_shape: Shape | None = None
    """The user's word on the shape."""
    columns: ColumnMap | None = None
    """The user's own column map; it needs a shape."""
    mapping: MappingSpec | None = None
    """A whole mapping, of a file or saved before; then nothing of the schema is taken."""
    roles: dict[str, str] = Field(default_factory=dict)
    """Roles to columns, put over the proposed map: `{"prompt": "user_msg"}`. An empty text takes a column away."""
    transforms: tuple[Transform, ...] | None = None
    """Instead of the proposed transforms."""
    labels: tuple[str, ...] = ()
    """The labels that are allowed; empty takes those of the snapshot."""
    tag_names: tuple[str, ...] = ()
    """Names of tags that are numbers, by number."""
    instruction: str | None = None
    """A sentence that is said before every text."""
    max_characters: int | None = Field(None, ge=1)
    """Longer examples are rejected; None takes any length."""

    @property
    def shape(self) -> Shape | None:
        """The shape that the user names, or that the named roles leave no doubt about."""
        if self.as_shape is not None or self.mapping is not None:
            return self.as_shape or (self.mapping.shape if self.mapping is not None else None)
        named = {role for role, column in self.roles.items() if column}
        return next((shape for needed, shape in _TOLD_BY if needed <= named), None)

    @property
    def names_columns(self) -> bool:
        """Whether the user names columns, and so has decided between readings of one shape."""
        return bool(self.columns or self.mapping or self.roles)


class MappingPlan(MappingSpec):
    """How records of one snapshot become examples. Its hash is what a commit must name."""

    snapshot_id: SnapshotId


class EditedRow(Value):
    """A rejected row with the record that the user wrote in its place."""

    source_row: int = Field(ge=0)
    record: str
    """A JSON object, canonical."""


class MappingPreview(Artifact):
    """A dry run: the counts that a commit would give, and samples of both outcomes."""

    kind: ClassVar[ArtifactKind] = "mapping"

    plan: MappingPlan
    plan_hash: str
    tally: Tally
    rejections: dict[str, int]
    repairs: dict[str, int]
    sample: tuple[Example, ...]
    """The first accepted examples, at most 5."""
    rejected_sample: tuple[Rejection, ...]
    """The first rejections, at most 20."""
