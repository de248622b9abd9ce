"""The base of everything that is written to disk, to the wire or to the log."""

import ast
import functools
import hashlib
import inspect
import itertools
import json
import textwrap
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue


class Value(BaseModel):
    """A frozen model that refuses unknown fields and non-finite numbers in its canonical form.

    What is written out holds every field, so its schema says that each is there, also one that has a default.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_inf_nan="null", json_schema_serialization_defaults_required=True
    )


class Described(Value):
    """A value whose fields are described by the docstrings beneath them, in schemas and in files with comments.

    They are read from the source when somebody asks. Pydantic's `use_attribute_docstrings` reads it when a class is
    made, which was a tenth of the start of every command.
    """

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:  # noqa: ANN401 - as pydantic has it
        """Return the schema with each field's description."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, text in descriptions_of(cls).items():
            key = cls.model_fields[name].alias or name
            if key in properties:
                properties[key].setdefault("description", text)
        return schema


@functools.cache
def descriptions_of(kind: type[Described]) -> Mapping[str, str]:
    """Return what the docstring beneath each field says, the inherited ones first."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if issubclass(base, Described):
            (tree,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
            found |= _docstrings_beneath(tree)
    return {name: text for name, text in found.items() if name in kind.model_fields}


def _docstrings_beneath(tree: ast.stmt) -> dict[str, str]:
    found: dict[str, str] = {}
    for field, beneath in itertools.pairwise(tree.body if isinstance(tree, ast.ClassDef) else ()):
        match field, beneath:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = inspect.cleandoc(text)
            case _:
                pass
    return found


def canonical_json(data: Any) -> str:  # noqa: ANN401 - any JSON value is meant
    """Return the one spelling of `data` that hashes are taken over: sorted keys, no spaces, UTF-8, no NaN.

    Raises:
        ValueError: `data` holds NaN or an infinity.
    """
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of(data: Any) -> str:  # noqa: ANN401 - any JSON value is meant
    """Return the SHA-256 of the canonical JSON of `data`, as 64 hex digits."""
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()
