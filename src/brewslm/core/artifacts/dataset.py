"""The canonical dataset: one schema for every task, and a bucket for every row."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Literal

from brewslm.core.artifacts.base import Artifact, ArtifactKind, SnapshotId, Tally
from brewslm.core.data.example import Shape
from brewslm.core.ids import ArtifactId
from brewslm.core.value import Value


class RejectionReason(StrEnum):
    """Why a row did not become an example. A closed set."""

    MALFORMED_RECORD = "malformed_record"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    EMPTY_PROMPT = "empty_prompt"
    EMPTY_COMPLETION = "empty_completion"
    LABEL_NOT_ALLOWED = "label_not_allowed"
    ROLES_OUT_OF_ORDER = "roles_out_of_order"
    UNKNOWN_ROLE = "unknown_role"
    NO_ASSISTANT_TURN = "no_assistant_turn"


class RepairRule(StrEnum):
    """What was mended so that a row could be accepted. A closed set."""

    WHITESPACE_TRIMMED = "whitespace_trimmed"
    TRAILING_USER_TURN_DROPPED = "trailing_user_turn_dropped"
    NUMBER_AS_TEXT = "number_as_text"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that did not become an example, with its text kept."""

    source_row: int
    line: int
    byte_offset: int
    reason: RejectionReason
    detail: str
    raw: str
    file: str = ""
    """The file of the source that it is in."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A rule that mended a row so that it could be accepted."""

    source_row: int
    id: str
    """The example that it became."""
    rule: RepairRule


class RemovedExample(Value):
    """An example that cleaning took out."""

    id: str
    source_row: int
    rule: Literal["exact_duplicate"]
    kept_row: int
    """The source row of the copy that stays."""


class Dataset(Artifact):
    """A dataset version.

    Files, tables of `core/ports/tables.py`: `examples.parquet` (rows are `Example`), and for a committed one
    `rejections.parquet` (`Rejection`) and `repairs.parquet` (`Repair`); for a cleaned one `removed.parquet`.
    """

    kind: ClassVar[ArtifactKind] = "dataset"

    snapshot_id: SnapshotId
    cleaned_from: ArtifactId | None = None
    """The dataset version that a cleaning began from."""
    shape: Shape
    plan_hash: str
    tally: Tally
    """The fate of every source row; a cleaning does not change it."""
    rejections: dict[str, int]
    repairs: dict[str, int]
    num_examples: int
    """What is in `examples.parquet`: accepted + repaired - removed by cleaning."""
    removed: dict[str, int]
    """Examples taken out by cleaning, by rule."""
    labels: tuple[str, ...]
    """The label vocabulary, sorted; empty for other shapes."""
    num_conflicts: int = 0
    """Texts that carry more than one label; cleaning counts them, and keeps them all."""
