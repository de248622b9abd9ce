"""Shapes of one question and one answer: instruction, prompt and completion, Q&A, classification."""

from typing import Any

from brewslm.core.artifacts.dataset import RejectionReason
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.data.example import Shape
from brewslm.core.mapping.build import build, joined
from brewslm.core.mapping.outcome import Outcome, Refused, needs
from brewslm.core.mapping.text import optional, required


def convert_pair(record: dict[str, Any], shape: Shape, columns: ColumnMap, *, row: int) -> Outcome:
    """Convert a record of prompt, completion, and optional context and system text.

    The user's message of an instruction is the instruction, a blank line, its input; that of a question with a
    context is the context, a blank line, the question.
    """
    if columns.prompt is None or columns.completion is None:
        raise needs(shape, "prompt" if columns.prompt is None else "completion")
    prompt = required(record, columns.prompt, when_blank=RejectionReason.EMPTY_PROMPT)
    if isinstance(prompt, Refused):
        return prompt
    context = optional(record, columns.context)
    if isinstance(context, Refused):
        return context
    completion = required(record, columns.completion, when_blank=RejectionReason.EMPTY_COMPLETION)
    if isinstance(completion, Refused):
        return completion
    system = optional(record, columns.system)
    if isinstance(system, Refused):
        return system
    asked = joined(context, prompt) if shape == "qa" else joined(prompt, context)
    return build(shape, [("system", system), ("user", asked), ("assistant", completion)], row=row)


def convert_labelled(record: dict[str, Any], columns: ColumnMap, *, row: int) -> Outcome:
    """Convert a record of text and label: the text is the user's message, the label the assistant's."""
    if columns.text is None or columns.label is None:
        raise needs("classification", "text" if columns.text is None else "label")
    text = required(record, columns.text, when_blank=RejectionReason.EMPTY_PROMPT)
    if isinstance(text, Refused):
        return text
    label = required(record, columns.label, when_blank=RejectionReason.EMPTY_COMPLETION)
    if isinstance(label, Refused):
        return label
    if columns.labels and label.text not in columns.labels:
        detail = f"the label {label.text[:80]!r} is not one of the {len(columns.labels)} allowed"
        return Refused(RejectionReason.LABEL_NOT_ALLOWED, detail)
    system = optional(record, columns.system)
    if isinstance(system, Refused):
        return system
    turns = [("system", system), ("user", text), ("assistant", label)]
    return build("classification", turns, row=row, label=label.text)  # type: ignore[arg-type]  # roles are literals
