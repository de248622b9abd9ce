"""Texts out of JSON values."""

import json
from typing import Any

from brewslm.core.artifacts.dataset import RejectionReason, RepairRule
from brewslm.core.mapping.outcome import Refused, Text, missing
from brewslm.core.mapping.paths import value_at

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
"""Characters of no width: a text of nothing else is empty."""

NOTHING = Text("")

_JSON_NAMES = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
_TRIMMED = (RepairRule.WHITESPACE_TRIMMED,)


def json_type(value: Any) -> str:  # noqa: ANN401 - any JSON value is meant
    """Name the JSON type of a value."""
    return _JSON_NAMES.get(type(value), "null")


def is_blank(text: str) -> bool:
    """Whether nothing can be seen of the text."""
    return not text or ((text[0] <= " " or text[0] > "~") and not text.strip().strip(INVISIBLE).strip())


def as_text(value: Any, field: str) -> Text | Refused:  # noqa: ANN401 - any JSON value is meant
    """Return the value as trimmed text; a number is spelled as JSON spells it."""
    if isinstance(value, str):
        trimmed = value.strip()
        return Text(trimmed) if trimmed == value else Text(trimmed, _TRIMMED)
    if value is None:
        return missing(field)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Text(json.dumps(value), (RepairRule.NUMBER_AS_TEXT,))
    return Refused(RejectionReason.WRONG_TYPE, f"the field {field!r} holds {a(json_type(value))}, not text")


def required(record: dict[str, Any], column: str, *, when_blank: RejectionReason) -> Text | Refused:
    """Return the text of a column that must hold one."""
    value = record.get(column)
    if type(value) is str and (trimmed := value.strip()) == value and not is_blank(trimmed):
        return Text(trimmed)
    found = as_text(value_at(record, column), column)
    if isinstance(found, Text) and is_blank(found.text):
        return Refused(when_blank, f"the field {column!r} is empty")
    return found


def optional(record: dict[str, Any], column: str | None) -> Text | Refused:
    """Return the text of a column that may be absent or empty; then it is ""."""
    if column is None:
        return NOTHING
    value = value_at(record, column)
    if value is None:
        return NOTHING
    found = as_text(value, column)
    return NOTHING if isinstance(found, Text) and is_blank(found.text) else found


def label_text(record: dict[str, Any], column: str) -> Text | Refused:
    """Return the label of a column: a text, a number or a boolean."""
    value = value_at(record, column)
    if isinstance(value, bool):
        return Text("true" if value else "false", (RepairRule.BOOLEAN_AS_TEXT,))
    return required(record, column, when_blank=RejectionReason.EMPTY_COMPLETION)


def a(noun: str) -> str:
    """The noun with its article."""
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
