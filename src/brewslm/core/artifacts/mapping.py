"""A mapping as data, with what a dry run of it gave."""

from typing import ClassVar

from pydantic import Field

from brewslm.core.artifacts.base import Artifact, ArtifactKind, SnapshotId, Tally
from brewslm.core.artifacts.dataset import Rejection
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.artifacts.transforms import Transform
from brewslm.core.data.example import Example, Shape
from brewslm.core.value import Value


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


class MappingPlan(MappingSpec):
    """How records of one snapshot become examples. Its hash is what a commit must name."""

    snapshot_id: SnapshotId


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
