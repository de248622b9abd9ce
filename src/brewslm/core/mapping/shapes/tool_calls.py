"""Tool calls and the functions that they call, in the spellings that sources use."""

from typing import Any

from brewslm.core.artifacts.dataset import RejectionReason
from brewslm.core.data.example import ToolCall
from brewslm.core.mapping.json_text import read_json
from brewslm.core.mapping.outcome import Refused
from brewslm.core.mapping.paths import value_at
from brewslm.core.mapping.text import a, json_type
from brewslm.core.value import canonical_json


def calls_of(turn: dict[str, Any], where: str) -> tuple[ToolCall, ...] | Refused:
    """Read `tool_calls`, or the older `function_call`, of a turn."""
    found = turn.get("tool_calls")
    if not found:
        older = turn.get("function_call")
        return () if not older else _calls([older], where)
    return _calls(found if isinstance(found, list) else [found], where)


def calls_in_text(text: str, where: str) -> tuple[ToolCall, ...] | Refused:
    """Read the calls of a turn whose whole content is a call, or a list of calls, as JSON."""
    try:
        found = read_json(text)
    except ValueError as error:
        return _bad(f"{where}: the call is no JSON: {error}")
    return _calls(found if isinstance(found, list) else [found], where) or _bad(f"{where} calls nothing")


def tools_of(record: dict[str, Any], column: str | None) -> str | Refused | None:
    """Read the functions that may be called as one canonical JSON array of OpenAI-like definitions."""
    found = None if column is None else value_at(record, column)
    if isinstance(found, str) and found.strip():
        try:
            found = read_json(found)
        except ValueError as error:
            return _bad(f"the field {column!r} is no JSON: {error}")
    if not found:
        return None
    tools = found if isinstance(found, list) else [found]
    for number, tool in enumerate(tools, start=1):
        inner = tool.get("function", tool) if isinstance(tool, dict) else None
        if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
            return _bad(f"tool {number} of the field {column!r} has no name")
    return canonical_json([tool if "function" in tool else {"type": "function", "function": tool} for tool in tools])


def _calls(found: list[Any], where: str) -> tuple[ToolCall, ...] | Refused:
    calls: list[ToolCall] = []
    for number, call in enumerate(found, start=1):
        read = _call(call, f"call {number} of {where}")
        if isinstance(read, Refused):
            return read
        calls.append(read)
    return tuple(calls)


def _call(call: Any, where: str) -> ToolCall | Refused:  # noqa: ANN401 - any JSON value is meant
    inner = call.get("function", call) if isinstance(call, dict) else None
    if not isinstance(inner, dict) or not isinstance(inner.get("name"), str) or not inner["name"].strip():
        return _bad(f"{where} has no name")
    arguments = inner.get("arguments", inner.get("parameters"))
    if isinstance(arguments, str) and arguments.strip():
        try:
            arguments = read_json(arguments)
        except ValueError as error:
            return _bad(f"the arguments of {where} are no JSON: {error}")
    if arguments in (None, ""):
        arguments = {}
    if not isinstance(arguments, dict):
        return _bad(f"the arguments of {where} are {a(json_type(arguments))}, not an object")
    name, call_id = inner["name"].strip(), call.get("id")
    return ToolCall(name, canonical_json(arguments), call_id if isinstance(call_id, str) and call_id else None)


def _bad(detail: str) -> Refused:
    return Refused(RejectionReason.BAD_TOOL_CALL, detail)
