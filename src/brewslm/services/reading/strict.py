"""YAML that people write: every key is known, none is there twice, and all that is wrong is told at once, by line."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

import yaml
from pydantic import BaseModel

Place = tuple[str | int, ...]
Problem = tuple[int, str]
"""Line and text."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as a tree, with the line of every key."""

    tree: dict[str, Any] | None
    """None where it is no YAML, or no mapping."""
    lines: dict[Place, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def read_yaml(text: str, *, begin_with: str) -> Reading:
    """Read a text; `begin_with` tells how such a file begins, where it is no mapping."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        tree = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        return Reading(None, problems=((line, f"{error.problem or error.context}"),))
    except yaml.YAMLError as error:
        return Reading(None, problems=((1, f"this is not YAML: {error}"),))
    if not isinstance(tree, dict) or node is None:
        return Reading(None, problems=((1, f"this is no mapping; begin with {begin_with}"),))
    lines: dict[Place, int] = {}
    return Reading(tree, lines, tuple(_walk(node, (), lines)))


def told(problems: list[Problem]) -> tuple[str, ...]:
    """Spell problems, by line."""
    return tuple(f"line {line}: {text}" for line, text in sorted(problems))


def _walk(node: yaml.Node, place: Place, lines: dict[Place, int]) -> Iterator[Problem]:
    """Remember the line of every key, and tell keys that are there twice, of which YAML would take the last."""
    match node:
        case yaml.MappingNode():
            seen: dict[str, int] = {}
            for key, value in node.value:
                name, line = str(key.value), key.start_mark.line + 1
                if name in seen:
                    yield line, f"{'.'.join(map(str, (*place, name)))} is there twice, first in line {seen[name]}"
                seen.setdefault(name, line)
                lines[(*place, name)] = line
                yield from _walk(value, (*place, name), lines)
        case yaml.SequenceNode():
            for number, value in enumerate(node.value):
                lines[(*place, number)] = value.start_mark.line + 1
                yield from _walk(value, (*place, number), lines)
        case _:
            return


def line_of(place: Place, lines: Mapping[Place, int]) -> int:
    """Return the line of a place, or of the nearest one around it that is written down."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def said(problem: Any, model: type[BaseModel]) -> str:  # noqa: ANN401 - one of pydantic's errors
    """Spell one error of a model that was read from a file, with the nearest key or value where there is one."""
    place = ".".join(str(part) for part in problem["loc"]) or "the file"
    match problem["type"]:
        case "extra_forbidden":
            near = nearest(str(problem["loc"][-1]), _keys_at(model, tuple(problem["loc"][:-1])))
            return f"{place}: there is no such key; {near}"
        case "missing":
            return f"{place} is missing"
        case "literal_error":
            known = re.findall(r"'([^']*)'", problem["ctx"]["expected"])
            return f"{place}={problem['input']!r} is not known; {nearest(str(problem['input']), known)}"
        case _:
            given = "" if isinstance(problem["input"], dict | list) else f"={problem['input']!r}"
            return f"{place}{given}: {problem['msg'].removeprefix('Value error, ')}"


def nearest(name: str, known: list[str]) -> str:
    """Ask whether the nearest known name was meant, or list those that are known."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"


def _keys_at(model: type[BaseModel], place: Place) -> list[str]:
    """Return the keys that a part of the file may have."""
    for name in place:
        field_ = model.model_fields.get(str(name))
        if field_ is None:
            continue  # a place in a list, or a branch of a union
        shapes = (field_.annotation, *get_args(field_.annotation))
        inner = next((one for one in shapes if isinstance(one, type) and issubclass(one, BaseModel)), None)
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)
