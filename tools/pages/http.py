"""The operations of the HTTP API, from its OpenAPI document."""

from typing import Any

from openapi import document
from pages.fields import type_of
from pages.marks import cell, head, note, row

Schema = dict[str, Any]

INTRODUCTION = """\
# HTTP API

`brewslm serve` answers at `http://127.0.0.1:8000`; the document that this page and the Studio's client are made of is
`/api/openapi.json`. Bodies are JSON; unknown fields are refused. Every error is `{"error": …}` with a `reason` of the
[taxonomy](../reasons.md), a `message` and `findings`. Lists of events are also [live streams](../streams.md). The
OpenAI-compatible gateway under `/v1` is described with [serving](../serving.md#the-gateway).
"""


def http_page() -> str:
    """Return every operation by its part of the API."""
    api = document()
    schemas: dict[str, Schema] = api["components"]["schemas"]
    parts: dict[str, list[str]] = {}
    for path, operations in api["paths"].items():
        for method, operation in operations.items():
            parts.setdefault(operation["tags"][0], []).extend(_operation(method, path, operation, schemas))
    lines = [INTRODUCTION, note("the OpenAPI document")]
    for part, entries in parts.items():
        lines += ["", f"## {part.capitalize()}", *entries]
    return "\n".join(lines) + "\n"


def _operation(method: str, path: str, operation: Schema, schemas: dict[str, Schema]) -> list[str]:
    lines = ["", f"### `{method.upper()} {path}`", "", cell(operation.get("description") or operation["summary"])]
    rows = [
        row(f"`{one['name']}`", one["in"], type_of(one["schema"], schemas), cell(one.get("description", "")))
        for one in operation.get("parameters", [])
        if one["in"] != "path"
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    rows += [
        row(f"`{name}`", "body", type_of(field, schemas), cell(field.get("description", "")))
        for name, field in _properties(body, schemas).items()
    ]
    return lines + (["", *head("name", "in", "type", "meaning"), *rows] if rows else [])


def _properties(schema: Schema, schemas: dict[str, Schema]) -> dict[str, Schema]:
    """Return the fields of a body, also of one that may be absent."""
    for one in (schema, *schema.get("anyOf", [])):
        target = schemas[one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one
        if "properties" in target:
            return dict(target["properties"])
    return {}
