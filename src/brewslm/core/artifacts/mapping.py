"""A mapping as data, with what a dry run of it gave."""

from typing import ClassVar

from brewslm.core.artifacts.base import Artifact, ArtifactKind, SnapshotId, Tally
from brewslm.core.artifacts.dataset import Rejection
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.data.example import Example, Shape
from brewslm.core.value import Value


class MappingPlan(Value):
    """How records of one snapshot become examples. Its hash is what a commit must name."""

    snapshot_id: SnapshotId
    shape: Shape
    columns: ColumnMap


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
