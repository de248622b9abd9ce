"""Payloads of stage 11, once a release is on its way to clients."""

from typing import Literal

from brewslm.core.finding import Finding
from brewslm.core.ids import ArtifactId
from brewslm.core.value import Value


class ReleaseChanged(Value):
    """A release is in another state, or has another share of the traffic."""

    version: int
    release_id: ArtifactId
    before: str
    after: str
    canary_share: float
    reason: str
    """Why, in the words of who decided."""
    other_version: int | None = None
    """That which answered before, or answers again."""


class PromotionRefused(Value):
    """A release was not promoted."""

    version: int
    release_id: ArtifactId
    findings: tuple[Finding, ...]


class ServingStarted(Value):
    """A release's process is ready."""

    version: int
    runtime: str
    device: str
    seconds: float
    """From the start of the process."""
    num_restarts: int


class ServingRefused(Value):
    """A release is not served."""

    version: int
    is_damaged: bool
    error: str


class ServingLost(Value):
    """A release's process ended."""

    version: int
    exit_code: int | None
    num_restarts: int


class DriftDetected(Value):
    """A drift check found the endpoint otherwise than it was."""

    version: int
    checks: tuple[str, ...]
    """Those that drifted, each with its numbers."""
    exemplars: tuple[str, ...] = ()


class KeyChanged(Value):
    """A key was made or revoked."""

    key_id: int
    name: str
    change: Literal["created", "revoked"]
