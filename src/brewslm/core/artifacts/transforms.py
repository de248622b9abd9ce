"""Small typed steps that a mapping applies to a record before its columns are read: a tagged union, data only."""

from typing import Annotated, Literal

from pydantic import Field

from brewslm.core.data.example import Role
from brewslm.core.value import Value

Scalar = str | int | float | bool | None


class Rename(Value):
    """Call a column otherwise, or lift a nested value to the top."""

    op: Literal["rename"] = "rename"
    column: str = Field(min_length=1)
    to: str = Field(min_length=1)


class Template(Value):
    """Write a text with `{column}` in it; `{{` and `}}` are braces. Every column that it names must be there."""

    op: Literal["template"] = "template"
    to: str = Field(min_length=1)
    template: str = Field(min_length=1)


class Join(Value):
    """Write the texts of several columns, or of a list, one after the other; absent and empty ones are left out."""

    op: Literal["join"] = "join"
    to: str = Field(min_length=1)
    columns: tuple[str, ...] = Field(min_length=1)
    separator: str = "\n\n"


class SplitTurns(Value):
    """Cut a text with speakers' marks into turns with `role` and `content`."""

    op: Literal["split_turns"] = "split_turns"
    column: str = Field(min_length=1)
    to: str = Field("messages", min_length=1)
    marks: dict[str, Role] = Field(min_length=1)
    """What stands before a turn, to who speaks it."""
    ends: tuple[str, ...] = ()
    """Marks that say nothing, and are left out."""


class ParseJson(Value):
    """Read the JSON that a text holds, in place."""

    op: Literal["parse_json"] = "parse_json"
    column: str = Field(min_length=1)


class LabelMap(Value):
    """Give values their names: `{"0": "negative", "1": "positive"}`. Numbers and booleans are spelled as in JSON."""

    op: Literal["label_map"] = "label_map"
    column: str = Field(min_length=1)
    names: dict[str, str] = Field(min_length=1)


class Default(Value):
    """Put a value where a column is absent, null or empty."""

    op: Literal["default"] = "default"
    column: str = Field(min_length=1)
    value: Scalar


class Cast(Value):
    """Read a value as another type."""

    op: Literal["cast"] = "cast"
    column: str = Field(min_length=1)
    type: Literal["text", "integer", "number", "boolean"]


Transform = Annotated[
    Rename | Template | Join | SplitTurns | ParseJson | LabelMap | Default | Cast, Field(discriminator="op")
]
