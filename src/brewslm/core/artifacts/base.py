"""What every artifact has: a kind, a schema version, its files, and an id that is its content."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import ConfigDict, Field, model_validator

from brewslm.core.ids import ArtifactId, JobId, ProjectId
from brewslm.core.value import Value, sha256_of

ArtifactKind = Literal[
    "snapshot",
    "schema",
    "mapping",
    "dataset",
    "manifest",
    "readiness",
    "adapter",
    "eval_report",
    "bundle",
    "release",
    "optimization",
    "golden",
    "benchmark",
    "forecast",
    "review",
]


class FileRef(Value):
    """A file that belongs to an artifact."""

    path: str
    """Relative to the project's folder, with `/`."""
    size_bytes: int
    sha256: str
    block_sha256: tuple[str, ...] = Field((), exclude_if=lambda blocks: not blocks)
    """Of a file of several blocks of `HASH_BLOCK_BYTES` each block's own, so that a sample can be checked."""


HASH_BLOCK_BYTES = 64 << 20


class Artifact(Value):
    """A frozen body. It holds no times and no durations, so that equal work gives equal ids.

    Subclasses set `kind` and `schema_version`.
    """

    model_config = ConfigDict(ser_json_inf_nan="constants")
    """A number that is not finite stays one, so that hashing refuses it instead of storing it as absent."""

    kind: ClassVar[ArtifactKind]
    schema_version: ClassVar[int] = 1

    files: tuple[FileRef, ...] = ()

    @property
    def content_hash(self) -> str:
        """SHA-256 over kind, schema version and body, 64 hex digits."""
        return content_hash_of(self.kind, self.schema_version, self.model_dump(mode="json"))

    @property
    def id(self) -> ArtifactId:
        """The id under which the ledger keeps it."""
        return artifact_id_of(self.kind, self.content_hash)


def content_hash_of(kind: str, schema_version: int, body: dict[str, Any]) -> str:
    """Return the content hash of an artifact's parts, 64 hex digits."""
    return sha256_of({"kind": kind, "schema_version": schema_version, "body": body})


def artifact_id_of(kind: str, content_hash: str) -> ArtifactId:
    """Spell the id of an artifact of this kind and content."""
    return ArtifactId(f"{kind}-{content_hash[:16]}")


class ArtifactRecord(Value):
    """The ledger's row of an artifact."""

    project_id: ProjectId
    id: ArtifactId
    kind: ArtifactKind
    schema_version: int
    content_hash: str
    body: dict[str, Any]
    parents: tuple[ArtifactId, ...]
    job_id: JobId
    """The stage run that made it first."""
    created_at: datetime


class Refers:
    """Marks a field of a stage's inputs that names an artifact of one kind."""

    def __init__(self, kind: ArtifactKind) -> None:
        """Remember the kind."""
        self.kind: ArtifactKind = kind


SnapshotId = Annotated[ArtifactId, Refers("snapshot")]
SchemaId = Annotated[ArtifactId, Refers("schema")]
MappingId = Annotated[ArtifactId, Refers("mapping")]
DatasetId = Annotated[ArtifactId, Refers("dataset")]
ManifestId = Annotated[ArtifactId, Refers("manifest")]
ReadinessId = Annotated[ArtifactId, Refers("readiness")]
AdapterId = Annotated[ArtifactId, Refers("adapter")]
EvalReportId = Annotated[ArtifactId, Refers("eval_report")]
BundleId = Annotated[ArtifactId, Refers("bundle")]


def references_of(inputs: Value) -> tuple[tuple[ArtifactKind, ArtifactId], ...]:
    """List the artifacts that a value and the values in it name, in field order; absent ones are left out."""
    found: list[tuple[ArtifactKind, ArtifactId]] = []
    for name, field in type(inputs).model_fields.items():
        # Of a reference that may be absent, the mark is inside the union.
        inner = [mark for option in get_args(field.annotation) for mark in getattr(option, "__metadata__", ())]
        value = getattr(inputs, name)
        marks = [mark for mark in (*field.metadata, *inner) if isinstance(mark, Refers)]
        if value is not None:
            found.extend((mark.kind, ArtifactId(value)) for mark in marks)
        if isinstance(value, Value):
            found.extend(references_of(value))
    return tuple(found)


class Tally(Value):
    """Where the rows of a source went. Every row is in exactly one bucket."""

    total: int
    accepted: int
    repaired: int
    rejected: int

    @model_validator(mode="after")
    def _adds_up(self) -> "Tally":
        if self.accepted + self.repaired + self.rejected != self.total:
            message = (
                f"rows do not add up: {self.accepted} accepted + {self.repaired} repaired + "
                f"{self.rejected} rejected is not {self.total}"
            )
            raise ValueError(message)
        return self

    @property
    def coverage(self) -> float:
        """The share of rows that became examples, from 0 to 1; 0 where there are no rows."""
        return (self.accepted + self.repaired) / self.total if self.total else 0.0
