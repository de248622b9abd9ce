"""The fields of a recipe as data: what a form, or a table, is made from."""

from collections.abc import Iterator
from typing import Any, Literal

from brewslm.core.recipe.recipe import Recipe
from brewslm.core.value import Value

FieldKind = Literal["integer", "number", "boolean", "choice"]

_KINDS: dict[str, FieldKind] = {"integer": "integer", "number": "number", "boolean": "boolean"}
"""JSON Schema's types of what can be chosen freely; a text is one of its choices."""


class RecipeField(Value):
    """One field, by the name under which `--set` and `overrides` know it."""

    name: str
    """Dotted: `optim.learning_rate`."""
    kind: FieldKind
    choices: tuple[str, ...] = ()
    default: float | int | str | bool | None
    """Of a group that a recipe may be without, such as `budget`, what a field is once the group is there."""
    is_optional: bool
    """Whether it can be without a value, or its whole group can be absent."""
    minimum: float | None = None
    """The least value, or what values are above."""
    maximum: float | None = None
    """The largest value, or what values are below."""
    meaning: str


def recipe_fields() -> tuple[RecipeField, ...]:
    """List every field that can be chosen, in the order of the recipe; the base model is chosen by itself."""
    schema = Recipe.model_json_schema()
    del schema["properties"]["base_model"]
    return tuple(_walk(schema, schema["$defs"]))


def _walk(
    schema: dict[str, Any], groups: dict[str, Any], prefix: str = "", *, is_absent: bool = False
) -> Iterator[RecipeField]:
    for name, part in schema["properties"].items():
        shapes = part.get("anyOf", [part])
        group = next((shape["$ref"].rpartition("/")[2] for shape in shapes if "$ref" in shape), None)
        is_optional = any(shape.get("type") == "null" for shape in shapes)
        if group is not None:
            yield from _walk(groups[group], groups, f"{prefix}{name}.", is_absent=is_optional)
        else:
            yield _field(f"{prefix}{name}", part, shapes[0], is_optional=is_optional or is_absent)


def _field(name: str, part: dict[str, Any], shape: dict[str, Any], *, is_optional: bool) -> RecipeField:
    choices = tuple(shape.get("enum", [shape["const"]] if "const" in shape else []))
    return RecipeField(
        name=name,
        kind="choice" if choices else _KINDS[shape["type"]],
        choices=choices,
        default=part.get("default"),
        is_optional=is_optional,
        minimum=shape.get("minimum", shape.get("exclusiveMinimum")),
        maximum=shape.get("maximum", shape.get("exclusiveMaximum")),
        meaning=" ".join(part.get("description", "").split()),
    )
