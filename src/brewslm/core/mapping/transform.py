"""Applies the transforms of a mapping to a record. A record is never changed; what is made is a copy."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, assert_never

from brewslm.core.artifacts.dataset import RejectionReason
from brewslm.core.artifacts.transforms import (
    Cast,
    Default,
    Join,
    LabelMap,
    ParseJson,
    Rename,
    SplitTurns,
    Template,
    Transform,
)
from brewslm.core.errors import InvalidRequestError
from brewslm.core.mapping.json_text import read_json, read_python_literal
from brewslm.core.mapping.outcome import Refused, missing
from brewslm.core.mapping.paths import put_at, value_at
from brewslm.core.mapping.text import a, is_blank, json_type

_FIELD = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_TRUE, _FALSE = frozenset({"true", "1", "yes", "y", "t"}), frozenset({"false", "0", "no", "n", "f"})

Record = dict[str, Any]


def transformed(record: Record, transforms: Sequence[Transform]) -> Record | Refused:
    """Apply transforms in order; the first that cannot be applied refuses the record."""
    for transform in transforms:
        made = _apply(record, transform)
        if isinstance(made, Refused):
            return made
        record = made
    return record


def columns_read(transform: Transform) -> tuple[str, ...]:
    """The columns that a transform reads."""
    if isinstance(transform, Template):
        return tuple(found.group(1) for found in _FIELD.finditer(transform.template) if found.group(1))
    return transform.columns if isinstance(transform, Join) else (transform.column,)


def column_made(transform: Transform) -> str:
    """The column that a transform writes."""
    return transform.to if isinstance(transform, Rename | Template | Join | SplitTurns) else transform.column


def check_template(template: str) -> None:
    """Refuse a template with a brace that belongs to nothing, or that names no column.

    Raises:
        InvalidRequestError: it is such a template.
    """
    found = [match.group(0) for match in _FIELD.finditer(template)]
    stray = next((part for part in found if part in {"{", "}", "{}"}), None)
    if stray is not None:
        message = f"the template {template[:80]!r} has a stray {stray!r}; write {stray * 2!r} for the character itself"
        raise InvalidRequestError(message)
    if not any(part[0] == "{" and part != "{{" for part in found):
        raise InvalidRequestError(f"the template {template[:80]!r} names no column; write one as {{column}}")


def _apply(record: Record, transform: Transform) -> Record | Refused:  # noqa: PLR0911 - one line for each member of the union
    match transform:
        case Rename():
            return _rename(record, transform)
        case Template():
            return _template(record, transform)
        case Join():
            return _join(record, transform)
        case SplitTurns():
            return _split_turns(record, transform)
        case ParseJson():
            return _parse_json(record, transform)
        case LabelMap():
            return _label_map(record, transform)
        case Default():
            found = value_at(record, transform.column)
            is_empty = found is None or found in ([], {}) or (isinstance(found, str) and is_blank(found))
            return put_at(record, transform.column, transform.value) if is_empty else record
        case Cast():
            return _cast(record, transform)
    assert_never(transform)


def _rename(record: Record, transform: Rename) -> Record | Refused:
    value = value_at(record, transform.column)
    if value is None:
        return record
    return {**{key: kept for key, kept in record.items() if key != transform.column}, transform.to: value}


def _template(record: Record, transform: Template) -> Record | Refused:
    parts: list[str] = []
    last = 0
    for found in _FIELD.finditer(transform.template):
        parts.append(transform.template[last : found.start()])
        last = found.end()
        if found.group(1) is None:
            parts.append(found.group(0)[0])
            continue
        spelled = _spelled(value_at(record, found.group(1)), found.group(1))
        if isinstance(spelled, Refused):
            return spelled
        parts.append(spelled)
    return {**record, transform.to: "".join((*parts, transform.template[last:]))}


def _join(record: Record, transform: Join) -> Record | Refused:
    parts: list[str] = []
    for column in transform.columns:
        value = value_at(record, column)
        for part in value if isinstance(value, list) else (value,):
            if part is None:
                continue
            spelled = _spelled(part, column)
            if isinstance(spelled, Refused):
                return spelled
            if not is_blank(spelled):
                parts.append(spelled)
    return {**record, transform.to: transform.separator.join(parts)} if parts else missing(transform.columns[0])


def _split_turns(record: Record, transform: SplitTurns) -> Record | Refused:
    text = value_at(record, transform.column)
    if not isinstance(text, str):
        return missing(transform.column) if text is None else _wrong(text, transform.column, "not text")
    for end in transform.ends:
        text = text.replace(end, "\n")
    marks = _marks(tuple(transform.marks))
    parts = marks.split(text)
    if len(parts) == 1 or not is_blank(parts[0]):
        detail = f"the field {transform.column!r} does not begin with a speaker's mark"
        return Refused(RejectionReason.UNKNOWN_ROLE, detail)
    turns = [
        {"role": transform.marks[mark], "content": content.strip()}
        for mark, content in zip(parts[1::2], parts[2::2], strict=True)
    ]
    return put_at(record, transform.to, turns)


def _parse_json(record: Record, transform: ParseJson) -> Record | Refused:
    value = value_at(record, transform.column)
    if value is None:
        return missing(transform.column)
    if not isinstance(value, str):
        return record
    try:
        return put_at(record, transform.column, read_json(value))
    except ValueError as error:
        try:
            return put_at(record, transform.column, read_python_literal(value))
        except ValueError:
            return Refused(RejectionReason.BAD_JSON, f"the field {transform.column!r} is no JSON: {error}")


def _label_map(record: Record, transform: LabelMap) -> Record | Refused:
    spelled = _spelled(value_at(record, transform.column), transform.column)
    if isinstance(spelled, Refused):
        return spelled
    name = transform.names.get(spelled.strip())
    if name is None:
        detail = (
            f"{spelled[:80]!r} of the field {transform.column!r} is none of the {len(transform.names)} named values"
        )
        return Refused(RejectionReason.LABEL_NOT_ALLOWED, detail)
    return put_at(record, transform.column, name)


def _cast(record: Record, transform: Cast) -> Record | Refused:
    value = value_at(record, transform.column)
    if value is None:
        return missing(transform.column)
    spelled = _spelled(value, transform.column)
    if isinstance(spelled, Refused):
        return spelled
    made = _read(spelled.strip(), transform.type)
    if made is None:
        return _wrong(value, transform.column, f"{spelled[:40]!r}, which is no {transform.type}")
    return put_at(record, transform.column, spelled if transform.type == "text" else made)


def _read(text: str, wanted: str) -> str | int | float | bool | None:
    if wanted == "boolean":
        return True if text.lower() in _TRUE else False if text.lower() in _FALSE else None
    if wanted == "text":
        return text
    try:
        number = float(text)
        if wanted == "number":
            return number if number - number == 0 else None
        return int(text) if text.lstrip("+-").isdecimal() else int(number) if number.is_integer() else None
    except (ValueError, OverflowError):
        return None


def _spelled(value: Any, column: str) -> str | Refused:  # noqa: ANN401 - any JSON value is meant
    if isinstance(value, str):
        return value
    if value is None:
        return missing(column)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return _wrong(value, column, "not text")


def _wrong(value: Any, column: str, what: str) -> Refused:  # noqa: ANN401 - any JSON value is meant
    detail = f"the field {column!r} holds {a(json_type(value))}, {what}"
    return Refused(RejectionReason.WRONG_TYPE, detail)


@lru_cache(maxsize=64)
def _marks(marks: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(marks, key=lambda mark: (-len(mark), mark))
    return re.compile("(" + "|".join(map(re.escape, longest_first)) + ")")
