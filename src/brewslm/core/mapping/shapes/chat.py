"""Conversations: who speaks when, what is dropped at their ends, and what is refused."""

from dataclasses import replace
from typing import Any

from brewslm.core.artifacts.dataset import RejectionReason, RepairRule
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.data.example import Message, Role
from brewslm.core.mapping.build import Frame, build
from brewslm.core.mapping.outcome import Outcome, Refused, needs
from brewslm.core.mapping.paths import value_at
from brewslm.core.mapping.shapes.tool_calls import tools_of
from brewslm.core.mapping.shapes.turns import Talk, read_talk
from brewslm.core.mapping.text import is_blank, optional

_NEXT: dict[str, tuple[Role, ...]] = {
    "begin": ("user",),
    "user": ("assistant",),
    "assistant": ("user",),
    "call": ("tool",),
    "tool": ("assistant", "tool"),
}
"""Who may speak after whom; `call` is an assistant's turn that calls functions."""


def convert_chat(record: dict[str, Any], columns: ColumnMap, frame: Frame) -> Outcome:
    """Convert a record that holds a list of turns: optional system, then user and assistant by turns.

    After an assistant's turn that calls functions come the turns of tools. What nobody answers at the very end, a
    user's turn or tools' turns, and an assistant's greeting at the very beginning are dropped, and counted as repairs.
    """
    if columns.messages is None:
        raise needs("chat", "messages")
    talk = read_talk(value_at(record, columns.messages), columns, columns.messages)
    if isinstance(talk, Refused):
        return talk
    return finish_chat(record, talk, columns, frame)


def finish_chat(record: dict[str, Any], talk: Talk, columns: ColumnMap, frame: Frame) -> Outcome:
    """Add system text and tools of the record, mend the ends, and check the order of the speakers."""
    led = with_system(record, talk, columns)
    if isinstance(led, Refused):
        return led
    if not any(turn.role == "assistant" for turn in led.turns):
        detail = f"none of {len(led.turns)} turns is the assistant's"
        return Refused(RejectionReason.NO_ASSISTANT_TURN, detail)
    mended = _mended(led)
    problem = order_problem(mended.turns) or _blank_problem(mended.turns)
    if problem is not None:
        return problem
    tools = tools_of(record, columns.tools)
    if isinstance(tools, Refused):
        return tools
    return build(frame, mended.turns, mended.repairs, tools=tools)


def with_system(record: dict[str, Any], talk: Talk, columns: ColumnMap) -> Talk | Refused:
    """Put the record's system text before the turns, unless they begin with one of their own."""
    system = optional(record, columns.system)
    if isinstance(system, Refused):
        return system
    if not system.text or (talk.turns and talk.turns[0].role == "system"):
        return talk
    return Talk((Message("system", system.text), *talk.turns), (*system.repairs, *talk.repairs))


def order_problem(turns: tuple[Message, ...]) -> Refused | None:
    """Say which turn is out of its order; the last one must be the assistant's."""
    before = "begin"
    first = 1 if turns and turns[0].role == "system" else 0
    for number, turn in enumerate(turns[first:], start=first + 1):
        due = _NEXT[before]
        if turn.role not in due:
            detail = f"turn {number} is the {turn.role}'s where the {due[0]}'s is due"
            return Refused(RejectionReason.ROLES_OUT_OF_ORDER, detail)
        before = "call" if turn.tool_calls else turn.role
    if before not in {"assistant", "call"}:
        return Refused(RejectionReason.ROLES_OUT_OF_ORDER, "the last turn but one is not the assistant's")
    return None


def _mended(talk: Talk) -> Talk:
    turns, repairs = talk.turns, list(talk.repairs)
    if turns[-1].role == "user":
        turns = turns[:-1]
        repairs.append(RepairRule.TRAILING_USER_TURN_DROPPED)
    elif turns[-1].role == "tool":
        num_kept = max(number for number, turn in enumerate(turns, start=1) if turn.role != "tool")
        turns = turns[:num_kept]
        repairs.append(RepairRule.TRAILING_TOOL_TURN_DROPPED)
    first = 1 if turns and turns[0].role == "system" else 0
    greets = len(turns) > first + 2 and turns[first].role == "assistant" and not turns[first].tool_calls
    if greets and turns[first + 1].role == "user":
        turns = turns[:first] + turns[first + 1 :]
        repairs.append(RepairRule.LEADING_ASSISTANT_TURN_DROPPED)
    return replace(talk, turns=turns, repairs=tuple(repairs))


def _blank_problem(turns: tuple[Message, ...]) -> Refused | None:
    for number, turn in enumerate(turns, start=1):
        if turn.role in {"user", "assistant"} and not turn.tool_calls and is_blank(turn.content):
            reason = RejectionReason.EMPTY_PROMPT if turn.role == "user" else RejectionReason.EMPTY_COMPLETION
            return Refused(reason, f"turn {number}, the {turn.role}'s, is empty")
    return None
