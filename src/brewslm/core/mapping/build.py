"""Examples out of texts."""

from brewslm.core.artifacts.dataset import RepairRule
from brewslm.core.data.example import Example, Message, Role, Shape
from brewslm.core.mapping.outcome import Converted, Text
from brewslm.core.value import sha256_of


def example_id(shape: Shape, messages: tuple[Message, ...]) -> str:
    """First 16 hex digits of the SHA-256 over shape and messages."""
    return sha256_of({"shape": shape, "messages": [[m.role, m.content] for m in messages]})[:16]


def build(
    shape: Shape,
    turns: list[tuple[Role, Text]],
    *,
    row: int,
    label: str | None = None,
    repairs: tuple[RepairRule, ...] = (),
) -> Converted:
    """Assemble an example; an empty system text is left out. Each repair rule is named once, in order of name."""
    spoken = [(role, text) for role, text in turns if text.text or role != "system"]
    messages = tuple(Message(role=role, content=text.text) for role, text in spoken)
    rules = {rule for _, text in spoken for rule in text.repairs} | set(repairs)
    example = Example(id=example_id(shape, messages), task=shape, messages=messages, label=label, source_row=row)
    return Converted(example, tuple(sorted(rules)))


def joined(first: Text, second: Text) -> Text:
    """Two texts with a blank line between them; an empty one adds nothing."""
    parts = [text for text in (first, second) if text.text]
    return Text("\n\n".join(text.text for text in parts), tuple(rule for text in parts for rule in text.repairs))
