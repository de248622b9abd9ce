"""A golden set: examples that are only ever evaluated on. It is locked: a change makes the next version."""

from typing import ClassVar, Literal

from brewslm.core.artifacts.base import Artifact, ArtifactKind
from brewslm.core.data.example import Shape
from brewslm.core.ids import ArtifactId

GoldenPurpose = Literal["dev", "test"]


class Golden(Artifact):
    """A version of a golden set.

    Files: `examples.parquet`, a table of `Example`.
    """

    kind: ClassVar[ArtifactKind] = "golden"

    name: str
    version: int
    """From 1; every version stays protected."""
    purpose: GoldenPurpose
    """`dev` to choose by, `test` to report on."""
    origin: str
    """The source that it was read from, or the split that it was taken from."""
    manifest_id: ArtifactId | None = None
    """The manifest whose split it was taken from."""
    dataset_id: ArtifactId
    """The dataset that its examples are from."""
    shape: Shape
    num_examples: int

    @property
    def title(self) -> str:
        """How people call it."""
        return f"{self.name} v{self.version}"
