"""Conversations: OpenAI messages, ShareGPT turns, and what is spelled like them."""

from typing import Any

from brewslm.core.artifacts.dataset import RejectionReason, RepairRule
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.data.example import Role
from brewslm.core.mapping.build import build
from brewslm.core.mapping.outcome import Outcome, Refused, Text, missing, needs
from brewslm.core.mapping.text import as_text, is_blank, json_type, optional

_TOOL_KEYS = ("tool_calls", "function_call", "tool_call_id")

Turn = tuple[Role, Text]


def convert_chat(record: dict[str, Any], columns: ColumnMap, *, row: int) -> Outcome:
    """Convert a record that holds a list of turns: optional system, then user and assistant by turns.

    A user's turn at the very end, which nobody answers, is dropped and counted as a repair.
    """
    if columns.messages is None:
        raise needs("chat", "messages")
    turns = _read_turns(record.get(columns.messages), columns)
    if isinstance(turns, Refused):
        return turns
    system = optional(record, columns.system)
    if isinstance(system, Refused):
        return system
    if system.text and not (turns and turns[0][0] == "system"):
        turns = [("system", system), *turns]
    if not any(role == "assistant" for role, _ in turns):
        return Refused(RejectionReason.NO_ASSISTANT_TURN, f"none of {len(turns)} turns is the assistant's")
    is_unanswered = turns[-1][0] == "user"
    if is_unanswered:
        turns = turns[:-1]
    problem = _order_problem(turns) or _blank_problem(turns)
    if problem is not None:
        return problem
    repairs = (RepairRule.TRAILING_USER_TURN_DROPPED,) if is_unanswered else ()
    return build("chat", turns, row=row, repairs=repairs)


def _read_turns(value: Any, columns: ColumnMap) -> list[Turn] | Refused:  # noqa: ANN401 - any JSON value is meant
    field = str(columns.messages)
    if value is None:
        return missing(field)
    if not isinstance(value, list):
        return Refused(
            RejectionReason.WRONG_TYPE, f"the field {field!r} is of type {json_type(value)}, not a list of turns"
        )
    turns: list[Turn] = []
    for number, turn in enumerate(value, start=1):
        read = _read_turn(turn, columns, where=f"turn {number}")
        if isinstance(read, Refused):
            return read
        if read[0] == "system" and is_blank(read[1].text):
            continue
        turns.append(read)
    return turns


def _read_turn(turn: Any, columns: ColumnMap, *, where: str) -> Turn | Refused:  # noqa: ANN401 - any JSON value is meant
    if not isinstance(turn, dict):
        return Refused(RejectionReason.WRONG_TYPE, f"{where} is of type {json_type(turn)}, not an object")
    spelled = turn.get(columns.role_key)
    if not isinstance(spelled, str):
        return Refused(RejectionReason.MISSING_FIELD, f"{where} has no {columns.role_key!r}")
    role = columns.role_names.get(spelled.strip().lower())
    if role not in {"system", "user", "assistant"}:
        return Refused(
            RejectionReason.UNKNOWN_ROLE, f"{where} is spoken by {spelled[:40]!r}, a role that cannot be mapped"
        )
    tool_key = next((key for key in _TOOL_KEYS if turn.get(key)), None)
    if tool_key is not None:
        return Refused(RejectionReason.UNKNOWN_ROLE, f"{where} holds {tool_key!r}; tool calls cannot be mapped")
    text = as_text(turn.get(columns.content_key), columns.content_key)
    if isinstance(text, Refused):
        return Refused(text.reason, f"{where}: {text.detail}")
    return role, text  # type: ignore[return-value]  # membership in the three roles was tested above


def _order_problem(turns: list[Turn]) -> Refused | None:
    spoken = turns[1:] if turns[0][0] == "system" else turns
    for number, (role, _) in enumerate(spoken):
        expected = "user" if number % 2 == 0 else "assistant"
        if role != expected:
            place = number + 1 + (len(turns) - len(spoken))
            detail = f"turn {place} is the {role}'s where the {expected}'s is due"
            return Refused(RejectionReason.ROLES_OUT_OF_ORDER, detail)
    if spoken[-1][0] != "assistant":
        return Refused(RejectionReason.ROLES_OUT_OF_ORDER, "the last turn but one is not the assistant's")
    return None


def _blank_problem(turns: list[Turn]) -> Refused | None:
    for number, (role, text) in enumerate(turns, start=1):
        if role != "system" and is_blank(text.text):
            reason = RejectionReason.EMPTY_PROMPT if role == "user" else RejectionReason.EMPTY_COMPLETION
            return Refused(reason, f"turn {number}, the {role}'s, is empty")
    return None
