"""The texts of an example: each of them by its place, and the example with each of them changed."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from brewslm.core.data.example import Example, Message
from brewslm.core.value import canonical_json

ChangeText = Callable[[str, str], str]
"""Takes a place such as `messages[1].content` and the text there; returns what shall stand there."""


def texts_of(example: Example) -> Iterator[tuple[str, str]]:
    """Every text that people wrote or will read, by its place. A label is none of them."""
    if example.text is not None:
        yield "text", example.text
    for place, turns in (("messages", example.messages), ("chosen", example.chosen), ("rejected", example.rejected)):
        for number, message in enumerate(turns):
            yield f"{place}[{number}].content", message.content


def text_of(example: Example) -> str:
    """All texts of an example, one under the other: what the rules of quality measure."""
    return "\n".join(text for _, text in texts_of(example))


def parts_of(example: Example) -> tuple[str, ...]:
    """What is asked, and what is answered (of a preference: both answers); of a plain text the one text."""
    if example.text is not None and not example.messages:
        return (example.text,)
    if example.chosen or example.rejected:
        return (_said(example.messages), _said(example.chosen), _said(example.rejected))
    return (_said(example.messages[:-1]), _said(example.messages[-1:]))


def with_texts(example: Example, change: ChangeText) -> Example:
    """Return the example with its texts changed, and with the id of its new content; itself where nothing changed.

    Strings inside of JSON (arguments of calls, the target of an extraction, kept columns) are changed one by one, and
    the JSON is written anew, so that it stays valid. Labels and definitions of tools stay.
    """
    target = example.target_json and changed_json("target_json", example.target_json, change)
    messages = example.messages
    if target is not None and messages and messages[-1].content == example.target_json:
        messages = (*_turns("messages", messages[:-1], change), replace(messages[-1], content=target))
    else:
        messages = _turns("messages", messages, change)
    after = replace(
        example,
        messages=messages,
        text=None if example.text is None else change("text", example.text),
        chosen=_turns("chosen", example.chosen, change),
        rejected=_turns("rejected", example.rejected, change),
        target_json=target,
        metadata=example.metadata and changed_json("metadata", example.metadata, change),
    )
    return example if after == example else replace(after, id=identity_of(after))


def changed_json(place: str, written: str, change: ChangeText) -> str:
    """Change each string of a JSON value; a number that is changed becomes a string. What is no JSON is a text.

    Names of fields stay: they are the schema.
    """
    try:
        value = json.loads(written)
    except (ValueError, RecursionError):
        return change(place, written)
    after = _walked(place, value, change)
    return written if after == value else canonical_json(after)


def identity_of(example: Example) -> str:
    """First 16 hex digits of the SHA-256 over task and content."""
    talks = [
        [[m.role, m.content, [[c.name, c.arguments, c.id] for c in m.tool_calls], m.tool_call_id, m.name] for m in talk]
        for talk in (example.messages, example.chosen, example.rejected)
    ]
    content = [example.task, talks, example.text, example.tools, example.label]
    return hashlib.sha256(canonical_json(content).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _turns(place: str, turns: tuple[Message, ...], change: ChangeText) -> tuple[Message, ...]:
    return tuple(_turn(f"{place}[{number}]", message, change) for number, message in enumerate(turns))


def _turn(place: str, message: Message, change: ChangeText) -> Message:
    content = change(f"{place}.content", message.content) if message.content else message.content
    calls = tuple(
        replace(call, arguments=changed_json(f"{place}.tool_calls[{number}]", call.arguments, change))
        for number, call in enumerate(message.tool_calls)
    )
    if content == message.content and calls == message.tool_calls:
        return message
    return replace(message, content=content, tool_calls=calls)


def _walked(place: str, value: Any, change: ChangeText) -> Any:  # noqa: ANN401 - any JSON value
    match value:
        case str():
            return change(place, value)
        case bool() | None:
            return value
        case int() | float():
            after = change(place, repr(value))
            return value if after == repr(value) else after
        case list():
            return [_walked(f"{place}[{number}]", one, change) for number, one in enumerate(value)]
        case dict():
            return {name: _walked(f"{place}.{name}", one, change) for name, one in value.items()}
        case _:
            return value


def _said(turns: tuple[Message, ...]) -> str:
    return "\n".join(
        turn.content + "".join(f" {call.name} {call.arguments}" for call in turn.tool_calls) for turn in turns
    )
