"""What a deployment leaves: the evidence that the bundle answers."""

from typing import ClassVar

from brewslm.core.artifacts.base import Artifact, ArtifactKind, BundleId
from brewslm.core.value import Value


class SmokeAnswer(Value):
    """One prompt of the smoke test and the answer of the merged model."""

    prompt: str
    answer: str
    num_tokens: int


class Release(Artifact):
    """A bundle that was loaded from its folder, verified against its checksums, and answered."""

    kind: ClassVar[ArtifactKind] = "release"

    bundle_id: BundleId
    runtime: str
    """What loaded it, with its version."""
    smoke: tuple[SmokeAnswer, ...]
