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
    """The record itself cannot be read."""
    MISSING_FIELD = "missing_field"
    """A column that the shape needs is absent or null."""
    WRONG_TYPE = "wrong_type"
    """A value is of a type that its role cannot have, or that a transform cannot make."""
    BAD_JSON = "bad_json"
    """A text that should hold JSON does not."""
    EMPTY_PROMPT = "empty_prompt"
    EMPTY_COMPLETION = "empty_completion"
    EMPTY_TEXT = "empty_text"
    """A text or document in which nothing can be seen."""
    TOO_LONG = "too_long"
    """More characters than the plan allows."""
    DUPLICATE_ID = "duplicate_id"
    """The source gave this id to an earlier row too."""
    LABEL_NOT_ALLOWED = "label_not_allowed"
    ROLES_OUT_OF_ORDER = "roles_out_of_order"
    UNKNOWN_ROLE = "unknown_role"
    NO_ASSISTANT_TURN = "no_assistant_turn"
    UNSUPPORTED_CONTENT = "unsupported_content"
    """Part of a turn is no text: an image, a sound, a file."""
    BAD_TOOL_CALL = "bad_tool_call"
    """A tool call without a name, or whose arguments are no JSON object; or tools that are no list of definitions."""
    SAME_ANSWERS = "same_answers"
    """The better and the worse answer are equal."""
    NO_SHARED_PROMPT = "no_shared_prompt"
    """Two conversations to choose from do not begin alike."""
    BAD_JSON_TARGET = "bad_json_target"
    """What is to be extracted is no JSON object or list."""
    SPANS_OUT_OF_RANGE = "spans_out_of_range"
    """A span does not lie in its text, or does not say what stands there."""
    BAD_TAGS = "bad_tags"
    """Tokens and tags that do not fit each other, or tags that are none."""
    MAPPER_FAILED = "mapper_failed"
    """The plugin that was to convert the row raised an error or returned nothing that can be used."""


class RepairRule(StrEnum):
    """What was mended so that a row could be accepted. A closed set."""

    WHITESPACE_TRIMMED = "whitespace_trimmed"
    TRAILING_USER_TURN_DROPPED = "trailing_user_turn_dropped"
    """Nobody answers the user's last turn."""
    TRAILING_TOOL_TURN_DROPPED = "trailing_tool_turn_dropped"
    """Nobody reads a tool's last answer."""
    LEADING_ASSISTANT_TURN_DROPPED = "leading_assistant_turn_dropped"
    """A greeting before the user has said anything: most chat templates cannot tell it."""
    NUMBER_AS_TEXT = "number_as_text"
    BOOLEAN_AS_TEXT = "boolean_as_text"
    PYTHON_LITERAL_READ = "python_literal_read"
    """A list spelled as Python spells it, with single quotes, was read as JSON."""
    EDITED_BY_USER = "edited_by_user"
    """A rejected row that the user mended and ran again."""


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
    repaired_from: ArtifactId | None = None
    """The dataset version of which the user mended rejected rows."""
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
