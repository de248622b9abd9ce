"""From dotted fields to a recipe, with all that is wrong at once and the nearest name beside each wrong one."""

import difflib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, get_args

from pydantic import ValidationError

from brewslm.core.errors import InvalidRequestError
from brewslm.core.finding import counted
from brewslm.core.recipe.fields import recipe_fields
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.value import Value

Scalar = int | float | str | bool

_GROUPS = frozenset(
    name
    for name, field in Recipe.model_fields.items()
    if any(
        isinstance(part, type) and issubclass(part, Value) for part in (field.annotation, *get_args(field.annotation))
    )
)
"""Fields of the recipe that have fields of their own."""
_MODES: tuple[str, ...] = get_args(Recipe.model_fields["mode"].annotation)


def build_recipe(values: Mapping[str, Scalar]) -> Recipe:
    """Build a recipe of dotted fields.

    Raises:
        RecipeError: a field is unknown or a value out of range; all problems at once.
    """
    tree: dict[str, Any] = {}
    for name, value in values.items():
        group, _, leaf = name.partition(".")
        branch = tree.get(group)
        if leaf and group in _GROUPS and isinstance(branch, dict | None):
            tree[group] = {**(branch or {}), leaf: value}
        else:
            tree[name] = value
    try:
        return Recipe.model_validate(tree)
    except ValidationError as error:
        raise RecipeError([_said(problem) for problem in error.errors()]) from error


class RecipeError(InvalidRequestError):
    """The fields make no recipe."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        """Tell all of them, and keep each apart: the field, and what is wrong with it."""
        told = "; ".join(f"{place}{text}" for place, text in problems)
        end = "" if told.endswith("?") else "."
        super().__init__(f"the recipe has {counted(len(problems), 'problem')}: {told}{end} Correct and run again.")
        self.problems = tuple(problems)


def check_fields(*recipes: Mapping[str, Scalar]) -> None:
    """Refuse fields that no plan could take; what a plan chooses so that the rest fits is taken to fit.

    Raises:
        RecipeError: as `build_recipe`; each problem once, in however many of the recipes it is.
    """
    problems = dict.fromkeys(problem for values in recipes for problem in _problems(values))
    if problems:
        raise RecipeError([*problems])


def _problems(values: Mapping[str, Scalar]) -> tuple[tuple[str, str], ...]:
    fitting: dict[str, Scalar] = {"base_model": "any", "schedule.warmup_steps": 0}
    if any(name.startswith("budget.") for name in values):
        fitting["budget.power_watts"] = 1.0
    refusals = []
    for mode in _MODES:  # the data decides between them, so that what one of them takes passes
        try:
            build_recipe({"mode": mode, **fitting, **values})
        except RecipeError as error:
            refusals.append(error.problems)
        else:
            return ()
    return refusals[0]


def nearest_field(name: str) -> str | None:
    """Return the field that is most like a name that is none, or that ends like it; None where nothing is near."""
    known = _names()
    leaf = name.rpartition(".")[2]
    same = [one for one in known if one.rpartition(".")[2] == leaf]
    if len(same) == 1:
        return same[0]
    leaves = {one.rpartition(".")[2]: one for one in known}
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    near = near or [leaves[one] for one in difflib.get_close_matches(leaf, leaves, n=1, cutoff=0.75)]
    return near[0] if near else None


def _known_near(name: str) -> str:
    """Name the fields of the group that a name begins with; where that is none, the groups."""
    group, _, leaf = name.partition(".")
    inside = [one.rpartition(".")[2] for one in _names() if one.startswith(f"{group}.")]
    if leaf and inside:
        return f"{group} has {', '.join(inside)}"
    whole = [*dict.fromkeys(one.partition(".")[0] for one in _names())]
    return f"a recipe has {', '.join(f'{one}.…' if one in _GROUPS else one for one in whole)}"


@cache
def _names() -> tuple[str, ...]:
    return tuple(field.name for field in recipe_fields())


def _said(problem: Any) -> tuple[str, str]:  # noqa: ANN401 - one of pydantic's errors
    """Say where, and what is wrong there, without the library's word for an error of ours."""
    place, value = ".".join(map(str, problem["loc"])) or "recipe", problem["input"]
    given = "" if isinstance(value, dict) else f"={value!r}"
    if problem["type"] == "extra_forbidden":
        near = nearest_field(place)
        return (
            place,
            f"{given}: there is no such field; {_known_near(place) if near is None else f'did you mean {near}?'}",
        )
    if problem["type"] == "model_type":
        return place, f"{given}: it is a group of fields; {_known_near(f'{place}.any')}"
    return place, f"{given}: {problem['msg'].removeprefix('Value error, ')}"
