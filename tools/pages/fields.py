"""The fields of the recipe and of `brewslm.yaml`, from their JSON Schema."""

import json
from collections.abc import Iterator
from typing import Any

from brewslm.core.brew.project_file import ProjectFile
from brewslm.core.recipe.recipe import Recipe
from pages.marks import cell, head, note, row

Schema = dict[str, Any]

RECIPE = """\
# Recipe

What is trained, and how. Give a field by its dotted name: `--set optim.learning_rate=1e-3`, in a file of `--config`,
under `recipe:` of a `brewslm.yaml`, or as `overrides` over HTTP. What you leave out the plan chooses and says why
([preflight](../preflight.md#where-each-value-comes-from)); unknown names are refused with the nearest one.
"""
PROJECT_FILE = """\
# brewslm.yaml

A whole project as a file; [code first](../code-first.md#a-project-as-code) has an example and the commands. Editors
that know YAML's language server complete and check it by [its JSON Schema](../brewslm.schema.json).
"""


def recipe_page() -> str:
    """Return every field of a recipe with its type, default and meaning."""
    lines = [RECIPE, note("src/brewslm/core/recipe")]
    return "\n".join([*lines, *_tables(Recipe.model_json_schema(), "The recipe itself")]) + "\n"


def project_file_page() -> str:
    """Return every key of a `brewslm.yaml`."""
    lines = [PROJECT_FILE, note("src/brewslm/core/brew/project_file.py")]
    return "\n".join([*lines, *_tables(ProjectFile.model_json_schema(), "The file itself")]) + "\n"


def project_schema() -> str:
    """Return the JSON Schema of `brewslm.yaml`, which editors read."""
    return json.dumps(ProjectFile.model_json_schema(), indent=1, ensure_ascii=False) + "\n"


def _tables(schema: Schema, title: str) -> Iterator[str]:
    """Yield a heading and a table for the schema, then for each part that it names."""
    definitions: dict[str, Schema] = schema.get("$defs", {})
    waiting: list[tuple[str, Schema]] = [(title, schema)]
    seen = set[str]()
    while waiting:
        name, part = waiting.pop(0)
        below = []
        yield from ("", f"## {name}", "")
        if part is not schema and part.get("description"):
            yield from (cell(part["description"]), "")
        yield from head("field", "type", "default", "meaning")
        for field, found in part["properties"].items():
            for target in _references(found):
                if target not in seen and "properties" in definitions[target]:
                    seen.add(target)
                    prefix = "" if part is schema else name.strip("`") + "."
                    below.append((f"`{prefix}{field}`", definitions[target]))
            yield row(
                f"`{field}`", type_of(found, definitions), _default(found, part), cell(found.get("description", ""))
            )
        waiting = below + waiting


def type_of(schema: Schema, definitions: dict[str, Schema]) -> str:
    """Say what a value may be, with its limits."""
    if "anyOf" in schema:
        kinds = [type_of(one, definitions) for one in schema["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        target = definitions.get(name, {})
        return "section" if "properties" in target else type_of(target, definitions)
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}), definitions)}"
    return (schema.get("type") or "any") + _limits(schema)


def _limits(schema: Schema) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": "&gt;", "maximum": "≤", "exclusiveMaximum": "&lt;"}
    limits = [f"{sign} {schema[name]:,}" for name, sign in signs.items() if name in schema and schema[name] < 10**15]
    return f" ({', '.join(limits)})" if limits else ""


def _default(schema: Schema, part: Schema) -> str:
    if "default" not in schema:
        return "required" if schema_name(schema) in part.get("required", []) else ""
    value = schema["default"]
    return "" if value is None or isinstance(value, dict) else f"`{json.dumps(value, ensure_ascii=False)}`"


def schema_name(schema: Schema) -> str:
    """Return the field's name as pydantic spells its title: `Base Model` is base_model."""
    return str(schema.get("title", "")).lower().replace(" ", "_")


def _references(schema: Schema) -> Iterator[str]:
    for one in (schema, *schema.get("anyOf", [])):
        if "$ref" in one:
            yield one["$ref"].rsplit("/", 1)[1]
