"""The canonical example: one schema for every task, whatever the source looked like."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]

Shape = Literal[
    "chat",
    "instruction",
    "prompt_completion",
    "qa",
    "classification",
    "preference",
    "binary_feedback",
    "extraction",
    "summarisation",
    "translation",
    "plain_text",
    "documents",
]

TEXT_SHAPES: frozenset[Shape] = frozenset({"plain_text", "documents"})
"""Shapes without turns: every token is learnt."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that the assistant wants to be called."""

    name: str
    arguments: str
    """A JSON object, canonical."""
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str
    """Empty only beside tool calls."""
    tool_calls: tuple[ToolCall, ...] = ()
    """Of the assistant only."""
    tool_call_id: str | None = None
    """Of a tool's turn: the call that it answers."""
    name: str | None = None
    """Of a tool's turn: the function that was called."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row after mapping.

    Most shapes are told as messages, the last of which is the assistant's. A preference has the messages up to the
    answer, and two answers; texts and documents have `text` and no messages.
    """

    id: str
    """First 16 hex digits of a SHA-256 over shape and content: equal content, equal id."""
    task: Shape
    messages: tuple[Message, ...] = ()
    text: str | None = None
    """Of `plain_text` and `documents`."""
    label: str | None = None
    """Of `classification` the label; of `binary_feedback` `good` or `bad`."""
    chosen: tuple[Message, ...] = ()
    """Of `preference`: the turns that follow `messages` in the better answer."""
    rejected: tuple[Message, ...] = ()
    """Of `preference`: the turns that follow `messages` in the worse answer."""
    target_json: str | None = None
    """Of `extraction`: the JSON that is to be said, canonical; the last message holds it too."""
    tools: str | None = None
    """Functions that the assistant may call: a JSON array of OpenAI-like definitions, canonical."""
    metadata: str | None = None
    """Columns that the mapping keeps beside the content: a JSON object, canonical. They are not part of the id.

    These are the scalar columns that no role uses; what is longer than 512 characters, or comes after 4,096 characters
    are full (in order of name), is left out. `split` is the split that the source itself names.
    """
    source_row: int = 0
    """The row of the snapshot."""


def chat_of(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Spell messages as chat templates read them: parts that are absent are left out, arguments are objects."""
    return [_turn_of(message) for message in messages]


def _turn_of(message: Message) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        turn["tool_calls"] = [
            {
                "type": "function",
                **({"id": call.id} if call.id is not None else {}),
                "function": {"name": call.name, "arguments": json.loads(call.arguments)},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        turn["tool_call_id"] = message.tool_call_id
    if message.name is not None:
        turn["name"] = message.name
    return turn
