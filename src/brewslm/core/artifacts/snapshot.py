"""The raw snapshot: what came in, byte for byte, and row by row."""

from typing import ClassVar, Literal

from brewslm.core.artifacts.base import Artifact, ArtifactKind

SourceFormat = Literal["jsonl", "json", "csv"]


class Snapshot(Artifact):
    """An immutable copy of a source.

    Files: `original/<name>` (the untouched bytes) and `rows.parquet`, zstd, one line per record with the columns
    `row` (int64, from 0), `line` (int64, from 1), `byte_offset` (int64), `record` (string: the record as canonical
    JSON object, null where malformed), `raw` (string: the text of a malformed record, else null) and `problem`
    (string: what is wrong with a malformed record, else null).
    """

    kind: ClassVar[ArtifactKind] = "snapshot"

    locator: str
    """The name of the source file or sample, without the folders of the machine that it came from."""
    format: SourceFormat
    encoding: str
    reading: dict[str, str]
    """How the format was read: for CSV the delimiter, the quote and whether there is a header."""
    num_rows: int
    num_malformed: int
    columns: tuple[str, ...]
    """Names seen in readable records, in order of first appearance."""
    first_problems: tuple[str, ...] = ()
    """The first malformed records with their lines, at most 5."""
    max_malformed_share: float = 0.25
    """Above this share of malformed records the snapshot is refused."""
