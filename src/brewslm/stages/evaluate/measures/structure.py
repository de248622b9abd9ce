"""Answers that are JSON, and answers that call functions."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from brewslm.core.value import canonical_json
from brewslm.stages.evaluate.measures.texts import overlap, words

_NOTHING = object()
"""What a text is that is no JSON; null is JSON."""


def parsed(text: str | None) -> Any:  # noqa: ANN401 - any JSON value
    """Return the JSON that a text is, alone, without a fence around it; `_NOTHING` else."""
    try:
        return json.loads(text or "", parse_constant=_refuse)
    except (ValueError, RecursionError):
        return _NOTHING


def _refuse(name: str) -> None:
    raise ValueError(name)


def is_json(text: str | None) -> bool:
    """Whether a text is JSON and nothing else."""
    return parsed(text) is not _NOTHING


def is_structured(text: str) -> bool:
    """Whether a text is a JSON object or array."""
    return isinstance(parsed(text), dict | list)


def complies(answer: str, expected: str) -> bool:
    """Whether an answer has the keys and types of the expected JSON, all the way down."""
    return bool(_shape(parsed(answer)) == _shape(parsed(expected)))


def _shape(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {name: _shape(one) for name, one in value.items()}
    if isinstance(value, list):
        return sorted({canonical_json(_shape(one)) for one in value})
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "no JSON")


_TYPES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    ((int, float), "number"),
    (str, "text"),
    (type(None), "null"),
)
"""Of a value without parts; a boolean is an int of Python, so it comes first."""


def fields_in_common(answer: str, expected: str) -> tuple[float, float]:
    """Return twice the number of equal fields, and the number of all: their ratio is F1."""
    found, wanted = (Counter(_leaves(parsed(text))) for text in (answer, expected))
    return 2.0 * sum((found & wanted).values()), float(sum(found.values()) + sum(wanted.values()))


def words_in_common(answer: str, expected: str) -> tuple[float, float]:
    """Return the same of the words in fields that hold text, compared within each field."""
    found, wanted = _texts(answer), _texts(expected)
    common = total = 0.0
    for place in found.keys() | wanted.keys():
        twice, num = overlap(found.get(place, []), wanted.get(place, []))
        common, total = common + twice, total + num
    return common, total


def _texts(text: str) -> dict[str, list[str]]:
    spans: dict[str, list[str]] = {}
    for place, value in _leaves(parsed(text)):
        if value.startswith('"'):
            spans.setdefault(place, []).extend(words(json.loads(value)))
    return spans


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON value
    """Yield the path and the spelling of each value that holds no others; the order in lists does not count."""
    if value is _NOTHING:
        return
    if isinstance(value, dict) and value:
        for name, one in value.items():
            yield from _leaves(one, f"{place}.{name}")
    elif isinstance(value, list) and value:
        for one in value:
            yield from _leaves(one, f"{place}[]")
    else:
        yield place, canonical_json(value)


def calls_in(text: str) -> list[tuple[str, str]]:
    """Return name and arguments (canonical) of each call that a text spells as JSON, whatever stands around it."""
    decoder = json.JSONDecoder()
    found, place = [], 0
    while (start := text.find("{", place)) >= 0:
        try:
            value, place = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            place = start + 1
            continue
        call = value.get("function", value)
        if isinstance(call, dict) and isinstance(call.get("name"), str):
            found.append((call["name"], _arguments(call.get("arguments", call.get("parameters", {})))))
    return found


def calls_expected(tool_calls: str) -> list[tuple[str, str]]:
    """Return name and arguments of the calls that a row has."""
    return [(one["name"], _arguments(one["arguments"])) for one in json.loads(tool_calls)]


def _arguments(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Spell arguments canonically; some models write them as a text that is JSON itself."""
    inner = parsed(value) if isinstance(value, str) else value
    return canonical_json(value if inner is _NOTHING else inner)
