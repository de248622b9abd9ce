"""The raw snapshot: what came in, byte for byte, and row by row."""

from typing import ClassVar, Literal

from brewslm.core.artifacts.base import Artifact, ArtifactKind
from brewslm.core.value import Value

SourceFormat = Literal["jsonl", "json", "csv", "parquet", "arrow", "xlsx", "text", "markdown", "html", "docx", "pdf"]
EncodingName = Literal[
    "utf-8",
    "utf-16-le",
    "utf-16-be",
    "utf-32-le",
    "utf-32-be",
    "cp1252",
    "iso8859-1",
    "cp1250",
    "cp1251",
    "koi8-r",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp874",
    "shift_jis",
    "cp932",
    "euc_jp",
    "gb18030",
    "big5",
    "cp949",
]
"""As Python spells them; in all but the wide ones, a line ends where the byte of a line feed is."""
MAX_LISTED_PARTS = 200


class SnapshotPart(Value):
    """What was read from one file of the source."""

    name: str
    format: SourceFormat
    encoding: str
    """`binary` where the format has its own."""
    reading: dict[str, str]
    """How the format was read: for CSV the delimiter, the quote and whether there is a header."""
    num_rows: int
    num_malformed: int
    split: str | None = None
    """The split that the source itself says the file belongs to."""


class Snapshot(Artifact):
    """An immutable copy of a source.

    Files: `original/<name>` (the untouched bytes; none where `revision` stands in for them), `parts.jsonl` (one
    `SnapshotPart` a line) and `rows.parquet`, zstd, one line per record with the columns `row` (int64, from 0), `line`
    (int64, from 1, within its file; the number of the record where the format has no lines), `byte_offset` (int64,
    within its file; 0 where the format does not tell), `record` (string: the record as canonical JSON object, null
    where malformed), `raw` (string: the text of a malformed record, else null), `problem` (string: what is wrong with
    a malformed record, else null), `file` (string: the name of its file) and `split` (string or null).
    """

    kind: ClassVar[ArtifactKind] = "snapshot"

    locator: str
    """The name of the source, without the folders of the machine that it came from."""
    format: SourceFormat | Literal["mixed"]
    encoding: str
    """`mixed` where the files differ."""
    reading: dict[str, str]
    """How it was read, as far as that is the same for all files."""
    num_rows: int
    num_malformed: int
    columns: tuple[str, ...]
    """Names seen in readable records, in order of first appearance."""
    parts: tuple[SnapshotPart, ...] = ()
    """The first files of the source; `parts.jsonl` lists all."""
    num_parts: int = 1
    revision: str | None = None
    """The exact version of a remote source, by which its bytes can be had again; no copy of them is kept."""
    licence: str | None = None
    """As the source states it."""
    notes: tuple[str, ...] = ()
    """What was left out or noticed, for people."""
    first_problems: tuple[str, ...] = ()
    """The first malformed records with their lines, at most 5."""
    max_malformed_share: float = 0.25
    """Above this share of malformed records the snapshot is refused."""
