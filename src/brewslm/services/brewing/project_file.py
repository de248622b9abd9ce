"""From the text of a `brewslm.yaml` to a project, or to all that is wrong with it, each with its line."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from brewslm.core.brew.project_file import ProjectFile
from brewslm.core.recipe.building import RecipeError, check_fields
from brewslm.core.recipe.scalars import scalar
from brewslm.core.stage_name import StageName

Place = tuple[str | int, ...]
_RECIPE: Place = ("trainer", "recipe")


@dataclass(frozen=True, slots=True)
class FileReading:
    """What a file says."""

    file: ProjectFile | None
    problems: tuple[str, ...]
    """`line 7: …`, by line."""


def read_project_file(text: str) -> FileReading:
    """Read the text strictly: every key is known, none is there twice, and every value is in its range."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        tree = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return _failed([(mark.line + 1 if mark is not None else 1, f"{error.problem or error.context}")])
    except yaml.YAMLError as error:
        return _failed([(1, f"this is not YAML: {error}")])
    if not isinstance(tree, dict) or node is None:
        told = "this is no mapping; begin with `api_version: brewslm/v1`, `kind: Project` and `trainer:`"
        return _failed([(1, told)])
    lines: dict[Place, int] = {}
    problems = list(_walk(node, (), lines))
    fields = _flatten_recipe(tree, lines)
    file = None
    try:
        file = ProjectFile.model_validate(tree)
    except ValidationError as error:
        problems += [(_line(tuple(one["loc"]), lines), _said(one)) for one in error.errors()]
    problems += _of_recipe(fields, lines)
    return _failed(problems) if problems or file is None else FileReading(file, ())


def _failed(problems: list[tuple[int, str]]) -> FileReading:
    return FileReading(None, tuple(f"line {line}: {text}" for line, text in sorted(problems)))


def _walk(node: yaml.Node, place: Place, lines: dict[Place, int]) -> Iterator[tuple[int, str]]:
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


def _line(place: Place, lines: Mapping[Place, int]) -> int:
    """Return the line of a place, or of the nearest one around it that is written down."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _flatten_recipe(tree: dict[str, Any], lines: dict[Place, int]) -> dict[str, Any]:
    """Spell the recipe's groups as dotted fields, in place, and return them."""
    trainer = tree.get("trainer")
    recipe = trainer.get("recipe") if isinstance(trainer, dict) else None
    if not isinstance(trainer, dict) or not isinstance(recipe, dict):
        return {}
    flat: dict[str, Any] = {}
    for name, value in _leaves(recipe):
        dotted = ".".join(name)
        flat[dotted] = scalar(value) if isinstance(value, str) else value
        lines.setdefault((*_RECIPE, dotted), _line((*_RECIPE, *name), lines))
    trainer["recipe"] = flat
    return {name: value for name, value in flat.items() if isinstance(value, str | int | float)}


def _leaves(tree: Mapping[Any, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in tree.items():
        name = (*above, str(key))
        if isinstance(value, dict) and value:
            yield from _leaves(value, name)
        else:
            yield name, ", ".join(map(str, value)) if isinstance(value, list) else value


def _of_recipe(fields: dict[str, Any], lines: Mapping[Place, int]) -> list[tuple[int, str]]:
    try:
        check_fields(fields)
    except RecipeError as error:
        return [
            (_line((*_RECIPE, place), lines), f"trainer.recipe{'' if place == 'recipe' else '.' + place}{text}")
            for place, text in error.problems
        ]
    return []


def _said(problem: Any) -> str:  # noqa: ANN401 - one of pydantic's errors
    place = ".".join(str(part) for part in problem["loc"] if part != "[key]") or "the file"
    if problem["loc"][-1:] == ("[key]",):
        known = [str(one) for one in get_args(StageName)]
        near = difflib.get_close_matches(str(problem["input"]), known, n=1, cutoff=0.5)
        return (
            f"{place}: there is no such stage; {f'did you mean {near[0]}?' if near else 'known: ' + ', '.join(known)}"
        )
    match problem["type"]:
        case "extra_forbidden":
            known = _keys_at(ProjectFile, tuple(problem["loc"][:-1]))
            near = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1, cutoff=0.5)
            meant = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
            return f"{place}: there is no such key; {meant}"
        case "missing":
            return f"{place} is missing"
        case _:
            given = "" if isinstance(problem["input"], dict | list) else f"={problem['input']!r}"
            return f"{place}{given}: {problem['msg'].removeprefix('Value error, ')}"


def _keys_at(model: type[BaseModel], place: Place) -> list[str]:
    """Return the keys that a part of the file may have."""
    for name in place:
        field = model.model_fields.get(str(name))
        if field is None:
            continue  # a place in a list, or a branch of a union
        shapes = (field.annotation, *get_args(field.annotation))
        inner = next((one for one in shapes if isinstance(one, type) and issubclass(one, BaseModel)), None)
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)
