"""Two answers to one prompt, the better and the worse, in the spellings that sources use."""

import re
from typing import Any

from brewslm.core.artifacts.dataset import RejectionReason
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.data.example import Message, Role
from brewslm.core.mapping.build import Frame, build
from brewslm.core.mapping.outcome import Outcome, Refused, needs
from brewslm.core.mapping.paths import value_at
from brewslm.core.mapping.shapes.chat import order_problem, with_system
from brewslm.core.mapping.shapes.tool_calls import tools_of
from brewslm.core.mapping.shapes.turns import Talk, is_talk, read_talk
from brewslm.core.mapping.text import is_blank, optional, required

_MARK = re.compile(r"(?:^|\n\n)(Human|Assistant): ?")
_SPEAKERS: dict[str, Role] = {"Human": "user", "Assistant": "assistant"}


def convert_preference(record: dict[str, Any], columns: ColumnMap, frame: Frame) -> Outcome:
    """Convert a record of two answers.

    The answers are texts, turns, or whole conversations that begin alike (also as `Human:`/`Assistant:` transcripts);
    the prompt is a text, turns, or what whole conversations begin with.
    """
    if columns.chosen is None or columns.rejected is None:
        raise needs("preference", "chosen" if columns.chosen is None else "rejected")
    chosen, rejected = _answer(record, columns.chosen, columns), _answer(record, columns.rejected, columns)
    if isinstance(chosen, Refused):
        return chosen
    if isinstance(rejected, Refused):
        return rejected
    if not chosen.turns or not rejected.turns:
        empty = columns.rejected if chosen.turns else columns.chosen
        return Refused(RejectionReason.EMPTY_COMPLETION, f"the field {empty!r} is empty")
    if chosen.turns[0].role == "assistant" and rejected.turns[0].role == "assistant":
        asked = _prompt(record, columns)
    else:
        asked, chosen, rejected = _split(chosen, rejected)
    if isinstance(asked, Refused):
        return asked
    return _compared(record, columns, frame, (asked, chosen, rejected))


def is_transcript(text: str) -> bool:
    """Whether a text is a conversation with `Human:` and `Assistant:` before the turns."""
    return text.lstrip()[:7] == "Human: " and "\n\nAssistant:" in text


def _compared(record: dict[str, Any], columns: ColumnMap, frame: Frame, talks: tuple[Talk, Talk, Talk]) -> Outcome:
    asked, chosen, rejected = talks
    led = with_system(record, asked, columns)
    if isinstance(led, Refused):
        return led
    for answer in (chosen, rejected):
        problem = order_problem(led.turns + answer.turns) or _blank(led.turns, answer.turns)
        if problem is not None:
            return problem
    if chosen.turns == rejected.turns:
        return Refused(RejectionReason.SAME_ANSWERS, "the better and the worse answer are equal")
    tools = tools_of(record, columns.tools)
    if isinstance(tools, Refused):
        return tools
    repairs = led.repairs + chosen.repairs + rejected.repairs
    return build(frame, led.turns, repairs, chosen=chosen.turns, rejected=rejected.turns, tools=tools)


def _answer(record: dict[str, Any], column: str, columns: ColumnMap) -> Talk | Refused:
    value = value_at(record, column)
    if is_talk(value):
        return read_talk(value, columns, column)
    found = required(record, column, when_blank=RejectionReason.EMPTY_COMPLETION)
    if isinstance(found, Refused):
        return found
    if is_transcript(found.text):
        return Talk(_transcript(found.text))
    return Talk((Message("assistant", found.text),), found.repairs)


def _prompt(record: dict[str, Any], columns: ColumnMap) -> Talk | Refused:
    column = columns.messages or columns.prompt
    if column is None:
        return Refused(RejectionReason.MISSING_FIELD, "there is no prompt before the two answers")
    value = value_at(record, column)
    if is_talk(value):
        return read_talk(value, columns, column)
    found = required(record, column, when_blank=RejectionReason.EMPTY_PROMPT)
    if isinstance(found, Refused):
        return found
    if is_transcript(found.text) or found.text.startswith("Human: "):
        return Talk(tuple(turn for turn in _transcript(found.text) if turn.content or turn.role == "user"))
    context = optional(record, columns.context)
    if isinstance(context, Refused):
        return context
    asked = f"{found.text}\n\n{context.text}" if context.text else found.text
    return Talk((Message("user", asked),), found.repairs + context.repairs)


def _split(chosen: Talk, rejected: Talk) -> tuple[Talk | Refused, Talk, Talk]:
    """What both conversations begin with, up to the last user's turn of it, and what follows in each."""
    num_shared = 0
    for one, other in zip(chosen.turns, rejected.turns, strict=False):
        if one != other:
            break
        num_shared += 1
    if num_shared == len(chosen.turns) == len(rejected.turns):
        return Refused(RejectionReason.SAME_ANSWERS, "the better and the worse answer are equal"), chosen, rejected
    while num_shared and chosen.turns[num_shared - 1].role != "user":
        num_shared -= 1
    if not num_shared:
        detail = "the two conversations do not begin with the same turns up to a user's"
        return Refused(RejectionReason.NO_SHARED_PROMPT, detail), chosen, rejected
    shared = Talk(chosen.turns[:num_shared], chosen.repairs)
    return shared, Talk(chosen.turns[num_shared:]), Talk(rejected.turns[num_shared:], rejected.repairs)


def _transcript(text: str) -> tuple[Message, ...]:
    parts = _MARK.split(text.strip())
    return tuple(
        Message(_SPEAKERS[speaker], content.strip()) for speaker, content in zip(parts[1::2], parts[2::2], strict=True)
    )


def _blank(asked: tuple[Message, ...], answer: tuple[Message, ...]) -> Refused | None:
    for turn in asked:
        if turn.role == "user" and is_blank(turn.content):
            return Refused(RejectionReason.EMPTY_PROMPT, "a turn of the user is empty")
    for turn in (*asked, *answer):
        if turn.role == "assistant" and not turn.tool_calls and is_blank(turn.content):
            return Refused(RejectionReason.EMPTY_COMPLETION, "an answer is empty")
    return None
