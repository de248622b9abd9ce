"""From the text of a `brewslm.yaml` to a project, or to all that is wrong with it, each with its line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import ValidationError

from brewslm.core.brew.project_file import ProjectFile
from brewslm.core.recipe.building import RecipeError, check_fields
from brewslm.core.recipe.scalars import scalar
from brewslm.core.stage_name import StageName
from brewslm.services.reading.strict import Place, line_of, nearest, read_yaml, said, told

_RECIPE: Place = ("trainer", "recipe")


@dataclass(frozen=True, slots=True)
class FileReading:
    """What a file says."""

    file: ProjectFile | None
    problems: tuple[str, ...]
    """`line 7: …`, by line."""


def read_project_file(text: str) -> FileReading:
    """Read the text strictly: every key is known, none is there twice, and every value is in its range."""
    read = read_yaml(text, begin_with="`api_version: brewslm/v1`, `kind: Project` and `trainer:`")
    tree, lines, problems = read.tree, read.lines, list(read.problems)
    if tree is None:
        return FileReading(None, told(problems))
    fields = _flatten_recipe(tree, lines)
    file = None
    try:
        file = ProjectFile.model_validate(tree)
    except ValidationError as error:
        problems += [(line_of(tuple(one["loc"]), lines), _said(one)) for one in error.errors()]
    problems += _of_recipe(fields, lines)
    return FileReading(None, told(problems)) if problems or file is None else FileReading(file, ())


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
        lines.setdefault((*_RECIPE, dotted), line_of((*_RECIPE, *name), lines))
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
            (line_of((*_RECIPE, place), lines), f"trainer.recipe{'' if place == 'recipe' else '.' + place}{text}")
            for place, text in error.problems
        ]
    return []


def _said(problem: Any) -> str:  # noqa: ANN401 - one of pydantic's errors
    if problem["loc"][-1:] == ("[key]",):
        place = ".".join(str(part) for part in problem["loc"] if part != "[key]")
        known = [str(one) for one in get_args(StageName)]
        return f"{place}: there is no such stage; {nearest(str(problem['input']), known)}"
    return said(problem, ProjectFile)
