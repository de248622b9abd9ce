"""One record of a source, whatever its format."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import jiter
import orjson

from brewslm.core.value import canonical_json

MAX_DEPTH = 64
"""Levels of nesting in a record; deeper ones would break the readers that come after."""

JSON_SPACE = " \t\r\n"
"""White space as JSON knows it."""

_TOO_DEEP = f"it is nested more than {MAX_DEPTH} levels deep"


@dataclass(frozen=True, slots=True)
class Record:
    """A readable record, or the sentinel of one that cannot be read."""

    line: int
    byte_offset: int
    text: str | bytes | None
    """The record as canonical JSON object; None where it is malformed."""
    columns: tuple[str, ...] = ()
    """Its names, in the order of the source."""
    raw: str | None = None
    """The source text of a malformed record. NUL and bytes that are no text are spelled `\\x00`."""
    problem: str | None = None


def malformed(line: int, byte_offset: int, *, raw: str, problem: str) -> Record:
    """The sentinel of a record that cannot be read."""
    return Record(line, byte_offset, None, raw=printable(raw), problem=problem)


def printable(text: str) -> str:
    """Spell out what a Parquet or database text cannot hold: NUL and lone surrogates."""
    spelled = text.encode("utf-8", "backslashreplace").decode() if not _is_encodable(text) else text
    return spelled.replace("\0", "\\x00")


def quick_record(data: bytes) -> tuple[bytes, tuple[str, ...]] | None:
    """The canonical text and the names of one JSON object in UTF-8, or None where it wants a closer look.

    None is also the answer for rare rows that are in order; `record_of_json` decides. What is given here is what it
    would give.
    """
    try:
        value = jiter.from_json(data, allow_inf_nan=False, catch_duplicate_keys=True)
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (ValueError, TypeError):
        return None
    if type(value) is not dict or b"\\u0000" in data or data.count(b"[") + data.count(b"{") > MAX_DEPTH:
        return None
    # A number beyond the range of floats has become an infinity, which is written as null.
    return None if text.count(b"null") != data.count(b"null") else (text, tuple(value))


def quick_records(lines: Sequence[bytes]) -> tuple[list[bytes], dict[tuple[str, ...], None]] | None:
    """As `quick_record` for many lines at once, several times as fast; None where one of them wants a closer look."""
    whole = b"".join(lines)
    if b"\\u0000" in whole or whole.count(b"[") + whole.count(b"{") > len(lines) + MAX_DEPTH - 1:
        return None
    try:
        values = [jiter.from_json(line, allow_inf_nan=False, catch_duplicate_keys=True) for line in lines]
        texts = [orjson.dumps(value, option=orjson.OPT_SORT_KEYS) for value in values]
    except (ValueError, TypeError):
        return None
    if set(map(type, values)) != {dict} or b"".join(texts).count(b"null") != whole.count(b"null"):
        return None
    return texts, dict.fromkeys(map(tuple, values))


def record_of_json(text: str, line: int, byte_offset: int) -> Record:
    """Parse one JSON object, strictly."""
    try:
        value = parse_json(text)
    except (ValueError, RecursionError) as error:
        return malformed(line, byte_offset, raw=text, problem=problem_of(error))
    return record_of_value(value, text, line, byte_offset)


def record_of_value(value: Any, raw: str, line: int, byte_offset: int) -> Record:  # noqa: ANN401 - any JSON value is meant
    """Make a record of a parsed value, which has to be an object."""
    if not isinstance(value, dict):
        kind = "an array" if isinstance(value, list) else "a single value"
        return malformed(line, byte_offset, raw=raw, problem=f"an object is expected, this is {kind}")
    try:
        text = spelled(value)
    except UnicodeEncodeError:
        return malformed(line, byte_offset, raw=raw, problem="a character is half of a surrogate pair")
    except (ValueError, RecursionError) as error:
        return malformed(line, byte_offset, raw=raw, problem=problem_of(error))
    if _depth_of(value, text) > MAX_DEPTH:
        return malformed(line, byte_offset, raw=raw, problem=_TOO_DEEP)
    if "\\u0000" in text and _holds_nul(value):
        return malformed(line, byte_offset, raw=raw, problem="a text holds the NUL character")
    return Record(line, byte_offset, text, columns=tuple(value))


def spelled(value: Any) -> str:  # noqa: ANN401 - any JSON value is meant
    """The canonical JSON of a value: sorted keys, no spaces, UTF-8.

    Raises:
        UnicodeEncodeError: a text in it holds half of a surrogate pair.
        ValueError: it holds a number that is not finite.
        RecursionError: it is nested too deeply.
    """
    exact = canonical_json(value)
    exact.encode()
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # an integer of more than 64 bits, or nested deeper than orjson goes
        return exact


def parse_json(text: str) -> Any:  # noqa: ANN401 - any JSON value is meant
    """Parse strict JSON.

    Raises:
        ValueError: it is not JSON, holds NaN or an infinity, or names a key twice.
        RecursionError: it is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)


def problem_of(error: Exception) -> str:
    """Say in one line what the parser objects to."""
    if isinstance(error, RecursionError):
        return _TOO_DEEP
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg[:1].lower()}{error.msg[1:].removesuffix(' at')} at character {error.pos + 1}"
    return "a number is too large" if "float values" in str(error) or "digits" in str(error) else str(error)


def _depth_of(value: Any, text: str) -> int:  # noqa: ANN401 - any JSON value is meant
    """Levels of nesting of a value whose JSON is `text`; looked at only where there are many brackets."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 1
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [child for node in level for child in _children(node)]
    return depth


def _children(node: Any) -> Iterator[Any]:  # noqa: ANN401 - any JSON value is meant
    inner = node.values() if isinstance(node, dict) else node
    return (child for child in inner if isinstance(child, dict | list))


def _holds_nul(value: Any) -> bool:  # noqa: ANN401 - any JSON value is meant
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in key or _holds_nul(child) for key, child in value.items())
    return isinstance(value, list) and any(_holds_nul(child) for child in value)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        message = f"the key {twice[:80]!r} is named twice"
        raise ValueError(message)
    return found


def _refuse_constant(name: str) -> None:
    message = f"{name} is not a JSON number"
    raise ValueError(message)
