"""Lists of turns out of JSON values: OpenAI messages, ShareGPT turns, and what is spelled like them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from brewslm.core.artifacts.dataset import RejectionReason, RepairRule
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.data.example import Message, Role, ToolCall
from brewslm.core.mapping.json_text import read_json, read_python_literal
from brewslm.core.mapping.outcome import Refused, Text, missing
from brewslm.core.mapping.roles import CALL_NAMES, CONTENT_KEYS, ROLE_KEYS, ROLE_NAMES
from brewslm.core.mapping.shapes.tool_calls import calls_in_text, calls_of
from brewslm.core.mapping.text import as_text, is_blank, json_type

_PARTS = ("text", "input_text", "output_text")
"""Types of content parts that are text."""


@dataclass(frozen=True, slots=True)
class Talk:
    """Turns that were read, and the rules that mended them."""

    turns: tuple[Message, ...]
    repairs: tuple[RepairRule, ...] = ()


def read_talk(value: Any, columns: ColumnMap, field: str) -> Talk | Refused:  # noqa: ANN401 - any JSON value is meant
    """Read a list of turns, one turn, lists of roles and contents, or JSON of these, without empty system turns."""
    found = _opened(value, field)
    if isinstance(found, Refused):
        return found
    listed, repairs = found
    turns: list[Message] = []
    names: Mapping[str, str] = columns.role_names or ROLE_NAMES
    for number, turn in enumerate(listed, start=1):
        read = _read_turn(turn, columns, names, where=f"turn {number}")
        if isinstance(read, Refused):
            return read
        message, mended = read
        if message.role == "system" and is_blank(message.content):
            continue
        turns.append(message)
        repairs += mended
    return Talk(tuple(turns), repairs)


def is_talk(value: Any) -> bool:  # noqa: ANN401 - any JSON value is meant
    """Whether a value holds turns rather than a text."""
    return isinstance(value, list | dict) or (isinstance(value, str) and _looks_listed(value))


def _looks_listed(text: str) -> bool:
    start = text.lstrip()[:40].replace(" ", "").replace("\n", "")
    return start.startswith(('[{"', "[{'", '{"role', '{"from', "{'role", "{'from"))


def _opened(value: Any, field: str) -> tuple[list[Any], tuple[RepairRule, ...]] | Refused:  # noqa: ANN401 - any JSON
    repairs: tuple[RepairRule, ...] = ()
    if isinstance(value, str) and value.lstrip()[:1] in {"[", "{"}:
        try:
            value = read_json(value)
        except ValueError as error:
            try:
                value = read_python_literal(value)
            except ValueError:
                return Refused(RejectionReason.BAD_JSON, f"the field {field!r} is no JSON: {error}")
            repairs = (RepairRule.PYTHON_LITERAL_READ,)
    if value is None:
        return missing(field)
    if isinstance(value, dict):
        value = rows_of(value)
    if not isinstance(value, list):
        return Refused(
            RejectionReason.WRONG_TYPE, f"the field {field!r} is of type {json_type(value)}, not a list of turns"
        )
    return value, repairs


def rows_of(value: dict[str, Any]) -> list[Any]:
    """One turn, or turns that stand as columns: `{"role": [...], "content": [...]}`."""
    columns = {key: cells for key, cells in value.items() if isinstance(cells, list)}
    if len(columns) == len(value) > 1 and len({len(cells) for cells in columns.values()}) == 1:
        return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    return [value]


def _read_turn(
    turn: Any,  # noqa: ANN401 - any JSON value is meant
    columns: ColumnMap,
    names: Mapping[str, str],
    *,
    where: str,
) -> tuple[Message, tuple[RepairRule, ...]] | Refused:
    if not isinstance(turn, dict):
        return Refused(RejectionReason.WRONG_TYPE, f"{where} is of type {json_type(turn)}, not an object")
    role_key, content_key = _key(turn, columns.role_key, ROLE_KEYS), _key(turn, columns.content_key, CONTENT_KEYS)
    spelled = turn.get(role_key)
    if not isinstance(spelled, str):
        return Refused(RejectionReason.MISSING_FIELD, f"{where} has no {columns.role_key!r}")
    plain = spelled.strip().lower()
    role = names.get(plain) or names.get(spelled.strip())
    if role not in {"system", "user", "assistant", "tool"}:
        return Refused(
            RejectionReason.UNKNOWN_ROLE, f"{where} is spoken by {spelled[:40]!r}, a role that cannot be mapped"
        )
    said = _said(turn, content_key, where, is_call=plain in CALL_NAMES)
    if isinstance(said, Refused):
        return said
    text, calls = said
    return _message(cast("Role", role), text.text, calls, turn), text.repairs


def _said(turn: dict[str, Any], key: str, where: str, *, is_call: bool) -> tuple[Text, tuple[ToolCall, ...]] | Refused:
    """The text of a turn, and the calls that stand beside it or in it."""
    calls = calls_of(turn, where)
    if isinstance(calls, Refused):
        return calls
    content = turn.get(key)
    text = Text("") if content is None and calls else _content(content, key, where)
    if isinstance(text, Refused) or not is_call or calls:
        return text if isinstance(text, Refused) else (text, calls)
    called = calls_in_text(text.text, where)
    return called if isinstance(called, Refused) else (Text("", text.repairs), called)


def _message(role: Role, content: str, calls: tuple[ToolCall, ...], turn: dict[str, Any]) -> Message:
    if role == "tool":
        call_id, name = turn.get("tool_call_id"), turn.get("name")
        return Message(
            role,
            content,
            tool_call_id=call_id if isinstance(call_id, str) else None,
            name=name if isinstance(name, str) else None,
        )
    return Message(role, content, calls) if role == "assistant" else Message(role, content)


def _key(turn: dict[str, Any], named: str, usual: tuple[str, ...]) -> str:
    """The key that the mapping names, or where a turn lacks it the first usual one that it has."""
    return named if named in turn else next((key for key in usual if key in turn), named)


def _content(content: Any, key: str, where: str) -> Text | Refused:  # noqa: ANN401 - any JSON value is meant
    if isinstance(content, dict):
        content = [content] if "type" in content else content
    if isinstance(content, list) and content and all(isinstance(part, dict) for part in content):
        return _parts(content, where)
    text = as_text(content, key)
    return Refused(text.reason, f"{where}: {text.detail}") if isinstance(text, Refused) else text


def _parts(parts: list[dict[str, Any]], where: str) -> Text | Refused:
    told: list[str] = []
    for part in parts:
        kind, text = part.get("type", "text"), part.get("text")
        if kind not in _PARTS or not isinstance(text, str):
            return Refused(RejectionReason.UNSUPPORTED_CONTENT, f"{where} holds a part of type {str(kind)[:40]!r}")
        told.append(text)
    return as_text("".join(told), "content")
