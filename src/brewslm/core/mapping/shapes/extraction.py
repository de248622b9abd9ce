"""Texts out of which something is extracted: as JSON, as spans, or as a tag for each token."""

from typing import Any

from brewslm.core.artifacts.dataset import RejectionReason
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.data.example import Message
from brewslm.core.mapping.build import Frame, build
from brewslm.core.mapping.json_text import read_json, read_python_literal
from brewslm.core.mapping.outcome import Outcome, Refused, Text, missing, needs
from brewslm.core.mapping.paths import value_at
from brewslm.core.mapping.shapes.tags import entities_of
from brewslm.core.mapping.text import a, json_type, optional, required
from brewslm.core.value import canonical_json

_START, _END = ("start", "start_offset", "begin", "start_char"), ("end", "end_offset", "stop", "end_char")
_LABEL, _WORDS = ("label", "type", "entity", "tag", "entity_group"), ("text", "word", "value", "surface")
_NUM_PARTS = 3


def convert_extraction(record: dict[str, Any], columns: ColumnMap, frame: Frame) -> Outcome:
    """Convert a record of a text and what is to be found in it: the answer is canonical JSON.

    Spans and tags become `{"entities": [{"label": …, "text": …}, …]}` in the order of the text; a model says what
    stands there, not where.
    """
    if columns.tokens is not None and columns.tags is not None:
        found = entities_of(value_at(record, columns.tokens), value_at(record, columns.tags), columns)
        if isinstance(found, Refused):
            return found
        text, target = found
        return _told(record, columns, frame, Text(text), {"entities": target})
    if columns.text is None or (columns.target is None and columns.spans is None):
        raise needs("extraction", "text" if columns.text is None else "target")
    prompt = required(record, columns.text, when_blank=RejectionReason.EMPTY_PROMPT)
    if isinstance(prompt, Refused):
        return prompt
    if columns.spans is not None:
        spans = _spans(value_at(record, columns.spans), str(value_at(record, columns.text)), columns.spans)
        return spans if isinstance(spans, Refused) else _told(record, columns, frame, prompt, {"entities": spans})
    wanted = _target(value_at(record, str(columns.target)), str(columns.target))
    return wanted if isinstance(wanted, Refused) else _told(record, columns, frame, prompt, wanted)


def _told(record: dict[str, Any], columns: ColumnMap, frame: Frame, text: Text, target: Any) -> Outcome:  # noqa: ANN401 - any JSON value is meant
    system = optional(record, columns.system)
    if isinstance(system, Refused):
        return system
    asked = f"{columns.instruction}\n\n{text.text}" if columns.instruction else text.text
    spoken = canonical_json(target)
    turns = (Message("user", asked), Message("assistant", spoken))
    led = (Message("system", system.text), *turns) if system.text else turns
    return build(frame, led, text.repairs + system.repairs, target_json=spoken)


def _target(value: Any, field: str) -> Any:  # noqa: ANN401 - any JSON value is meant
    if value is None:
        return missing(field)
    if isinstance(value, str):
        try:
            value = read_json(value)
        except ValueError as error:
            return Refused(RejectionReason.BAD_JSON_TARGET, f"the field {field!r} is no JSON: {error}")
    if not isinstance(value, dict | list):
        detail = f"the field {field!r} holds {a(json_type(value))}, not a JSON object or list"
        return Refused(RejectionReason.BAD_JSON_TARGET, detail)
    return value


def _spans(value: Any, text: str, field: str) -> list[dict[str, str]] | Refused:  # noqa: ANN401 - any JSON value is meant
    if isinstance(value, str):
        try:
            value = read_json(value)
        except ValueError:
            try:
                value = read_python_literal(value)
            except ValueError as error:
                return Refused(RejectionReason.BAD_JSON_TARGET, f"the field {field!r} is no list of spans: {error}")
    if value is None:
        return missing(field)
    if not isinstance(value, list):
        detail = f"the field {field!r} holds {a(json_type(value))}, not a list of spans"
        return Refused(RejectionReason.BAD_JSON_TARGET, detail)
    found: list[tuple[int, int, str]] = []
    for number, span in enumerate(value, start=1):
        read = _span(span, text, f"span {number} of the field {field!r}")
        if isinstance(read, Refused):
            return read
        found.append(read)
    return [{"label": label, "text": text[start:end]} for start, end, label in sorted(found)]


def _span(span: Any, text: str, where: str) -> tuple[int, int, str] | Refused:  # noqa: ANN401 - any JSON value is meant
    if isinstance(span, list) and len(span) == _NUM_PARTS:
        span = dict(zip(("start", "end", "label"), span, strict=True))
    if not isinstance(span, dict):
        return Refused(RejectionReason.BAD_JSON_TARGET, f"{where} is {a(json_type(span))}, not a span")
    start, end, label = _first(span, _START), _first(span, _END), _first(span, _LABEL)
    if isinstance(label, list) and len(label) == 1:
        label = label[0]
    if not isinstance(label, str) or not label.strip():
        return Refused(RejectionReason.BAD_JSON_TARGET, f"{where} has no label")
    whole = type(start) is int and type(end) is int
    if not whole or not 0 <= start < end <= len(text):
        detail = f"{where} is from {start!r} to {end!r}, the text has {len(text):,} characters"
        return Refused(RejectionReason.SPANS_OUT_OF_RANGE, detail)
    words = _first(span, _WORDS)
    if isinstance(words, str) and words != text[start:end]:
        detail = f"{where} says {words[:40]!r}, the text has {text[start:end][:40]!r} there"
        return Refused(RejectionReason.SPANS_OUT_OF_RANGE, detail)
    return start, end, label.strip()


def _first(span: dict[str, Any], keys: tuple[str, ...]) -> Any:  # noqa: ANN401 - any JSON value is meant
    return next((span[key] for key in keys if span.get(key) is not None), None)
