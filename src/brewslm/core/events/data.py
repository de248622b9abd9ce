"""Payloads of the data half: ingest, introspect, map, clean, prepare."""

from pydantic import Field

from brewslm.core.artifacts.base import Tally
from brewslm.core.ids import ArtifactId
from brewslm.core.value import Value


class Ingestion(Value):
    """A source became a snapshot."""

    snapshot_id: ArtifactId
    locator: str
    format: str
    num_rows: int
    num_malformed: int


class Introspection(Value):
    """The shape of the data was recognised, or was not certain."""

    schema_id: ArtifactId
    chosen: str | None
    confidence: dict[str, float]
    """Shape to confidence, ranked."""


class Mapping(Value):
    """A mapping was tried or committed."""

    artifact_id: ArtifactId
    shape: str
    plan_hash: str
    tally: Tally
    rejections: dict[str, int]
    repairs: dict[str, int]


class Cleaning(Value):
    """A dataset version was cleaned."""

    dataset_id: ArtifactId
    num_before: int
    num_after: int
    removed: dict[str, int]
    changed: dict[str, int] = Field(default_factory=dict)
    pii: dict[str, int] = Field(default_factory=dict)
    """Finds of personal data, by kind."""


class Preparation(Value):
    """Splits were written."""

    manifest_id: ArtifactId
    num_examples: dict[str, int]
    num_trained_tokens: dict[str, int]
    num_dropped: int
    num_refused: int = 0
    num_moved_for_leaks: int
    num_left_out_for_leaks: int = 0
    num_truncated: int = 0


class ManifestActivated(Value):
    """An earlier manifest became the current one again."""

    manifest_id: ArtifactId
    before: ArtifactId | None
    """The one that was current until then."""


class GoldenAdded(Value):
    """A golden set, or its next version, was locked."""

    golden_id: ArtifactId
    name: str
    version: int
    purpose: str
    num_examples: int
