"""What the parsing process is told, and what it says: one JSON line each."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from brewslm.core.artifacts.snapshot import EncodingName, SnapshotPart, SourceFormat
from brewslm.core.reason import Reason
from brewslm.core.value import Value


class Limits(Value):
    """What parsing may take."""

    memory_bytes: int = 2 << 30
    """Memory in use; address space may be a little more."""
    seconds: float = 6 * 3600.0
    """From the start to the end."""
    stall_seconds: float = 600.0
    """Without any row read."""


class OrderedFile(Value):
    """A file to parse."""

    path: str
    name: str
    split: str | None = None


class Order(Value):
    """All that the process needs to know."""

    files: tuple[OrderedFile, ...]
    draft: str
    """The folder for `rows.parquet` and `parts.jsonl`."""
    scratch: str
    """A folder for what is unpacked."""
    format: SourceFormat | None = None
    encoding: EncodingName | None = None
    delimiter: str | None = None
    has_header: bool | None = None
    limits: Limits = Limits()


class Progress(Value):
    """How far it is."""

    kind: Literal["progress"] = "progress"
    fraction: float
    num_rows: int
    file: str


class Parsed(Value):
    """It is done."""

    kind: Literal["parsed"] = "parsed"
    parts: tuple[SnapshotPart, ...]
    """The first of them."""
    num_parts: int
    format: SourceFormat | Literal["mixed"]
    encoding: str
    reading: dict[str, str]
    num_rows: int
    num_malformed: int
    columns: tuple[str, ...]
    notes: tuple[str, ...]
    first_problems: tuple[str, ...]


class Refused(Value):
    """The source cannot be read."""

    kind: Literal["refused"] = "refused"
    reason: Reason
    message: str


class Failed(Value):
    """The process could not go on."""

    kind: Literal["failed"] = "failed"
    cause: Literal["memory", "disk_full", "error"]
    detail: str
    file: str = ""


Said = Progress | Parsed | Refused | Failed
SAID: TypeAdapter[Said] = TypeAdapter(Annotated[Said, Field(discriminator="kind")])
