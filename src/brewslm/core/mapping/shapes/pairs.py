"""Shapes of one question and one answer: instruction, Q&A, summary, translation, classification, feedback."""

from typing import Any

from brewslm.core.artifacts.dataset import RejectionReason
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.data.example import Message
from brewslm.core.mapping.build import Frame, build, joined
from brewslm.core.mapping.outcome import Outcome, Refused, Text, needs
from brewslm.core.mapping.paths import value_at
from brewslm.core.mapping.shapes.chat import finish_chat
from brewslm.core.mapping.shapes.turns import Talk, read_talk
from brewslm.core.mapping.text import label_text, optional, required

GOOD = frozenset({"true", "1", "1.0", "yes", "good", "positive", "thumbs_up", "thumbs up", "up", "desirable", "like"})
BAD = frozenset({"false", "0", "0.0", "-1", "no", "bad", "negative", "thumbs_down", "thumbs down", "down"}) | {
    "undesirable",
    "dislike",
}
"""How sources spell that an answer is good or bad, in lower case."""


def convert_pair(record: dict[str, Any], columns: ColumnMap, frame: Frame) -> Outcome:
    """Convert a record of prompt, completion, and optional context, instruction and system text.

    The user's message of an instruction is the instruction, a blank line, its input; that of a question with a
    context is the context, a blank line, the question. Prompt and completion may be lists of turns too.
    """
    if columns.prompt is None or columns.completion is None:
        raise needs(frame.shape, "prompt" if columns.prompt is None else "completion")
    if isinstance(value_at(record, columns.prompt), list) and isinstance(value_at(record, columns.completion), list):
        return _convert_talks(record, columns.prompt, columns.completion, columns, frame)
    prompt = required(record, columns.prompt, when_blank=RejectionReason.EMPTY_PROMPT)
    if isinstance(prompt, Refused):
        return prompt
    completion = required(record, columns.completion, when_blank=RejectionReason.EMPTY_COMPLETION)
    if isinstance(completion, Refused):
        return completion
    if columns.context is not None:
        context = optional(record, columns.context)
        if isinstance(context, Refused):
            return context
        prompt = joined(context, prompt) if frame.shape == "qa" else joined(prompt, context)
    return _asked(record, columns, frame, prompt, completion)


def convert_labelled(record: dict[str, Any], columns: ColumnMap, frame: Frame) -> Outcome:
    """Convert a record of text and label: the text is the user's message, the label the assistant's."""
    if columns.text is None or columns.label is None:
        raise needs("classification", "text" if columns.text is None else "label")
    text = required(record, columns.text, when_blank=RejectionReason.EMPTY_PROMPT)
    if isinstance(text, Refused):
        return text
    if columns.context is not None:
        context = optional(record, columns.context)
        if isinstance(context, Refused):
            return context
        text = joined(text, context)
    label = label_text(record, columns.label)
    if isinstance(label, Refused):
        return label
    if columns.labels and label.text not in columns.labels:
        detail = f"the label {label.text[:80]!r} is not one of the {len(columns.labels)} allowed"
        return Refused(RejectionReason.LABEL_NOT_ALLOWED, detail)
    return _asked(record, columns, frame, text, label, label=label.text)


def convert_feedback(record: dict[str, Any], columns: ColumnMap, frame: Frame) -> Outcome:
    """Convert a record of prompt, one answer, and whether it is good; the label is `good` or `bad`."""
    for role in ("prompt", "completion", "label"):
        if getattr(columns, role) is None:
            raise needs("binary_feedback", role)
    found = label_text(record, str(columns.label))
    if isinstance(found, Refused):
        return found
    spelled = found.text.lower()
    if spelled not in GOOD | BAD:
        detail = f"the label {found.text[:80]!r} says neither that the answer is good nor that it is bad"
        return Refused(RejectionReason.LABEL_NOT_ALLOWED, detail)
    label = "good" if spelled in GOOD else "bad"
    pair = convert_pair(record, columns, frame)
    if isinstance(pair, Refused):
        return pair
    made = pair.example
    return build(frame, made.messages, pair.repairs, label=label, tools=made.tools)


def _asked(
    record: dict[str, Any],
    columns: ColumnMap,
    frame: Frame,
    prompt: Text,
    completion: Text,
    *,
    label: str | None = None,
) -> Outcome:
    repairs = prompt.repairs + completion.repairs
    asked = f"{columns.instruction}\n\n{prompt.text}" if columns.instruction else prompt.text
    told = (Message("user", asked), Message("assistant", completion.text))
    if columns.system is not None:
        system = optional(record, columns.system)
        if isinstance(system, Refused):
            return system
        if system.text:
            told, repairs = (Message("system", system.text), *told), repairs + system.repairs  # type: ignore[assignment]  # a longer tuple
    return build(frame, told, repairs, label=label)


def _convert_talks(record: dict[str, Any], prompt: str, completion: str, columns: ColumnMap, frame: Frame) -> Outcome:
    asked = read_talk(value_at(record, prompt), columns, prompt)
    if isinstance(asked, Refused):
        return asked
    answered = read_talk(value_at(record, completion), columns, completion)
    if isinstance(answered, Refused):
        return answered
    whole = Talk(asked.turns + answered.turns, asked.repairs + answered.repairs)
    return finish_chat(record, whole, columns, frame)
