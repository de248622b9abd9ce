"""Examples out of messages and texts."""

import hashlib
from typing import NamedTuple

from brewslm.core.artifacts.dataset import RejectionReason, RepairRule
from brewslm.core.data.example import Example, Message, Shape
from brewslm.core.mapping.outcome import Converted, Outcome, Refused, Text

_BEGUN = hashlib.sha256()
"""Copied for every text, which takes a third less time than to begin anew."""
_NO_TEXTS = (None, None, None)
_NO_TURNS = "\n;"


class Frame(NamedTuple):
    """What an example is made in: its task, its row, and what is kept beside its content."""

    shape: Shape
    row: int
    metadata: str | None = None
    max_characters: int | None = None


def build(  # noqa: PLR0913 - the parts of an example
    frame: Frame,
    messages: tuple[Message, ...],
    repairs: tuple[RepairRule, ...] = (),
    *,
    text: str | None = None,
    label: str | None = None,
    chosen: tuple[Message, ...] = (),
    rejected: tuple[Message, ...] = (),
    target_json: str | None = None,
    tools: str | None = None,
) -> Outcome:
    """Assemble an example, or refuse one that is too long. Each repair rule is named once, in order of name."""
    if frame.max_characters is not None:
        length = sum(_length(turn) for turns in (messages, chosen, rejected) for turn in turns) + len(text or "")
        if length > frame.max_characters:
            detail = f"it has {length:,} characters, {frame.max_characters:,} are allowed"
            return Refused(RejectionReason.TOO_LONG, detail)
    feedback = label if frame.shape == "binary_feedback" else None
    example = Example(
        example_id(frame.shape, messages, (chosen, rejected), (text, tools, feedback)),
        frame.shape,
        messages,
        text,
        label,
        chosen,
        rejected,
        target_json,
        tools,
        frame.metadata,
        frame.row,
    )
    return Converted(example, tuple(sorted(set(repairs))) if repairs else ())


def example_id(
    shape: Shape,
    messages: tuple[Message, ...],
    answers: tuple[tuple[Message, ...], tuple[Message, ...]] = ((), ()),
    texts: tuple[str | None, ...] = _NO_TEXTS,
) -> str:
    """First 16 hex digits of the SHA-256 over shape and content; every part stands behind its length."""
    first, second = answers
    told = f"{_talk(first)}{_talk(second)}" if first or second else "\n;\n;"
    rest = "\n-\n-\n-" if texts == _NO_TEXTS else "".join(map(_told, texts))
    return digest_of(f"{shape}{_talk(messages)}{told}{rest}")


def digest_of(content: str) -> str:
    """First 16 hex digits of the SHA-256 of a text."""
    digest = _BEGUN.copy()
    digest.update(content.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]


def joined(first: Text, second: Text) -> Text:
    """Two texts with a blank line between them; an empty one adds nothing."""
    if not second.text:
        return first
    if not first.text:
        return second
    return Text(f"{first.text}\n\n{second.text}", first.repairs + second.repairs)


def _talk(turns: tuple[Message, ...]) -> str:
    if not turns:
        return _NO_TURNS
    parts = [_NO_TURNS]
    for turn in turns:
        content = turn.content
        parts.append(f"\n{turn.role} {len(content)} {content}")
        if turn.tool_calls or turn.role == "tool":
            parts += [_told(part) for part in (turn.tool_call_id, turn.name)]
            parts += [_told(part) for call in turn.tool_calls for part in (call.name, call.arguments, call.id)]
    return "".join(parts)


def _told(text: str | None) -> str:
    return "\n-" if text is None else f"\n+{len(text)} {text}"


def _length(turn: Message) -> int:
    return len(turn.content) + sum(len(call.arguments) for call in turn.tool_calls)
