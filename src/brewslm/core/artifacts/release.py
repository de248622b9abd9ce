"""What a deployment leaves: the evidence that the bundle answers."""

from typing import ClassVar

from pydantic import Field

from brewslm.core.artifacts.base import Artifact, ArtifactKind, BundleId
from brewslm.core.drift.likeness import Likeness
from brewslm.core.serving.upstream import Upstream
from brewslm.core.value import Value


class SmokeAnswer(Value):
    """One prompt of the smoke test and the answer of what the release is."""

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
    upstream: Upstream | None = Field(None, exclude_if=lambda value: value is None)
    """The runtime of others that answers for it; None where a process of this server does."""
    likeness: Likeness | None = Field(None, exclude_if=lambda value: value is None)
    """How near that runtime came to the bundle as it is loaded here."""
