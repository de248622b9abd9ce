"""Entities out of tokens and their tags: BIO, IOB, BILOU and BIOES."""

from typing import Any

from brewslm.core.artifacts.dataset import RejectionReason
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.mapping.json_text import read_json, read_python_literal
from brewslm.core.mapping.outcome import Refused, missing
from brewslm.core.mapping.text import a, is_blank, json_type

_BEGINS, _GOES_ON = frozenset("BUS"), frozenset("ILEM")
_TIGHT = frozenset(",.;:!?%)]}'’…")
"""Tokens that stand close to the one before them."""
_WIDE = 0x2E80
"""From here on stand scripts that put no spaces between words."""


def entities_of(tokens: Any, tags: Any, columns: ColumnMap) -> tuple[str, list[dict[str, str]]] | Refused:  # noqa: ANN401 - any JSON value is meant
    """Return the text of the tokens, and its entities in order."""
    words, marks = _listed(tokens, str(columns.tokens)), _listed(tags, str(columns.tags))
    if isinstance(words, Refused) or isinstance(marks, Refused):
        return words if isinstance(words, Refused) else marks  # type: ignore[return-value]  # one of them is refused
    if len(words) != len(marks):
        return _bad(f"there are {len(words)} tokens and {len(marks)} tags")
    if not all(isinstance(word, str) for word in words):
        return _bad(f"not every token of the field {columns.tokens!r} is a text")
    text = spaced(words)
    if is_blank(text):
        return Refused(RejectionReason.EMPTY_PROMPT, f"the field {columns.tokens!r} holds no text")
    names: list[str] = []
    for number, mark in enumerate(marks, start=1):
        name = _name(mark, columns.tag_names)
        if name is None:
            return _bad(f"tag {number} is {str(mark)[:40]!r}, which is no tag")
        names.append(name)
    return text, _entities(words, names)


def spaced(words: list[str]) -> str:
    """Join tokens as they are written: no space before closing marks, nor between characters of Chinese or Japanese."""
    parts: list[str] = []
    for word in words:
        is_tight = word[:1] in _TIGHT or (parts and parts[-1] and ord(parts[-1][-1]) >= _WIDE <= ord((word or " ")[0]))
        parts.append(word if not parts or is_tight else f" {word}")
    return "".join(parts).strip()


def _entities(words: list[str], names: list[str]) -> list[dict[str, str]]:
    found: list[tuple[str, list[str]]] = []
    is_open = False
    for word, name in zip(words, names, strict=True):
        mark, _, label = name.partition("-") if "-" in name else name.partition("_")
        if mark == "O" or not label:
            is_open = False
            continue
        goes_on = is_open and mark in _GOES_ON and found[-1][0] == label
        if goes_on:
            found[-1][1].append(word)
        else:
            found.append((label, [word]))
        is_open = mark not in {"U", "S", "L", "E"}
    return [{"label": label, "text": spaced(parts)} for label, parts in found]


def is_tag(name: str) -> bool:
    """Whether a text is a tag such as `O`, `B-PER` or `I_LOC`."""
    return name in {"O", "o"} or (len(name) > 2 and name[0] in _BEGINS | _GOES_ON and name[1] in "-_")


def _name(mark: Any, names: tuple[str, ...]) -> str | None:  # noqa: ANN401 - any JSON value is meant
    if type(mark) is int and 0 <= mark < len(names):
        mark = names[mark]
    if not isinstance(mark, str) or not is_tag(mark.strip()):
        return None
    return "O" if mark.strip() == "o" else mark.strip()


def _listed(value: Any, field: str) -> list[Any] | Refused:  # noqa: ANN401 - any JSON value is meant
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        try:
            value = read_json(value)
        except ValueError:
            try:
                value = read_python_literal(value)
            except ValueError as error:
                return _bad(f"the field {field!r} is no list: {error}")
    elif isinstance(value, str) and value.strip():
        value = value.split()
    if value is None:
        return missing(field)
    if not isinstance(value, list):
        return _bad(f"the field {field!r} holds {a(json_type(value))}, not a list")
    return value


def _bad(detail: str) -> Refused:
    return Refused(RejectionReason.BAD_TAGS, detail)
