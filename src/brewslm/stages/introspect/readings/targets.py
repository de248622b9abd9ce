"""Readings as something that is found in a text: JSON, spans, or a tag for each token."""

from collections.abc import Iterator
from typing import Any

from brewslm.core.artifacts.schema import ColumnMap, ColumnProfile
from brewslm.core.mapping.json_text import read_json
from brewslm.core.mapping.shapes.tags import is_tag
from brewslm.stages.introspect.names import NONE, STRONG, WEAK, name_evidence
from brewslm.stages.introspect.view import Candidate, View, share_of, told

_MOST = 0.8
_SPAN_KEYS = ({"start", "end"}, {"start_offset", "end_offset"}, {"start_char", "end_char"}, {"begin", "end"})
_NUM_PARTS = 3


def propose_targets(view: View) -> Iterator[Candidate]:
    """Yield readings of tags, of spans and of JSON."""
    yield from _tags(view)
    for profile in view.profiles:
        values = [_opened(value) for value in view.values(profile.name)]
        values = [value for value in values if value is not None]
        if len(values) < _MOST * max(1, len(view.values(profile.name))) or not values:
            continue
        if _are_spans(values):
            yield from _found(view, profile, "spans")
        elif _are_objects(values):
            yield from _found(view, profile, "target")


def _found(view: View, profile: ColumnProfile, role: str) -> Iterator[Candidate]:
    named = name_evidence(profile.name, "extraction.target")
    others = [p for p in view.texts if p.name != profile.name and not p.name.startswith(f"{profile.name}.")]
    text = view.best("extraction.text", among=others)
    if text is None or "." in profile.name:
        return
    is_only_text = len(others) == 1
    is_json_text = share_of(profile, "string") == 1.0
    by_content = STRONG if role == "spans" else WEAK if is_only_text and is_json_text else NONE
    evidence = min(max(named, by_content), max(text[1], WEAK if is_only_text else NONE))
    columns = ColumnMap.model_validate({"text": text[0], role: profile.name, "system": view.named("system")})
    what = "spans" if role == "spans" else "JSON"
    yield view.weighed("extraction", columns, evidence, (told(text, "text"), f"{profile.name!r} holds {what}"))


def _tags(view: View) -> Iterator[Candidate]:
    lists = [p for p in view.profiles if share_of(p, "array") == 1.0 or _are_lists(view, p)]
    tokens = view.best("extraction.tokens", among=lists)
    tags = view.best("extraction.tags", among=lists, without=(tokens[0],) if tokens else ())
    if tokens is None or tags is None or max(tokens[1], tags[1]) == NONE:
        return
    seen = [tag for value in view.values(tags[0]) for tag in _items(value)]
    are_tags = bool(seen) and all(isinstance(tag, int) or (isinstance(tag, str) and is_tag(tag)) for tag in seen)
    if not are_tags:
        return
    evidence = min(1.0, max(tokens[1], 0.85) if tokens[1] == NONE else tokens[1], max(tags[1], 0.9))
    notes = [told(tokens, "tokens"), told(tags, "tags")]
    if any(isinstance(tag, int) for tag in seen):
        notes.append(f"{tags[0]!r} holds numbers, so name the tags in order with `--tags O,B-…`")
    columns = ColumnMap(tokens=tokens[0], tags=tags[0], system=view.named("system"))
    yield view.weighed("extraction", columns, evidence, notes)


def _are_lists(view: View, profile: ColumnProfile) -> bool:
    """Whether all texts of a column are spelled as lists."""
    texts = view.strings(profile.name)
    return bool(texts) and all(text.lstrip()[:1] == "[" for text in texts)


def _items(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON value is meant
    if isinstance(value, str):
        value = _opened(value)
    return value if isinstance(value, list) else []


def _opened(value: Any) -> dict[str, Any] | list[Any] | None:  # noqa: ANN401 - any JSON value is meant
    if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        try:
            value = read_json(value)
        except ValueError:
            return None
    return value if isinstance(value, dict | list) else None


def _are_spans(values: list[Any]) -> bool:
    items = [item for value in values for item in (value if isinstance(value, list) else [None])]
    return bool(items) and all(_is_span(item) for item in items)


def _is_span(item: Any) -> bool:  # noqa: ANN401 - any JSON value is meant
    if isinstance(item, list):
        return len(item) == _NUM_PARTS and type(item[0]) is type(item[1]) is int and isinstance(item[2], str)
    return isinstance(item, dict) and any(keys <= item.keys() for keys in _SPAN_KEYS)


def _are_objects(values: list[Any]) -> bool:
    """Objects, or lists of objects, that are no turns."""
    items = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return bool(items) and all(isinstance(item, dict) and not {"role", "from"} & item.keys() for item in items)
