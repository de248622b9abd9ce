"""JSON that stands in a text of a record, read with the same strictness as the record itself."""

import ast
import json
import math
from typing import Any, NoReturn

from brewslm.core.value import canonical_json

MAX_LITERAL_CHARACTERS = 1_000_000
"""Longer texts are not tried as Python literals."""


def read_json(text: str) -> Any:  # noqa: ANN401 - any JSON value is meant
    """Parse JSON; every number of the result is finite, and every text can be written.

    Raises:
        ValueError: it is no such JSON; the message says why in a few words.
    """
    try:
        found = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        if "\\u" in text:
            canonical_json(found).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("it holds half of a character") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at character {error.pos + 1:,}") from None
    return found


def read_python_literal(text: str) -> Any:  # noqa: ANN401 - any JSON value is meant
    """Parse a list or dictionary spelled as Python prints it; nothing is run.

    Raises:
        ValueError: it is no such literal, or holds what JSON cannot.
    """
    if len(text) > MAX_LITERAL_CHARACTERS:
        raise ValueError("it is too long for a Python literal")
    try:
        return json.loads(canonical_json(ast.literal_eval(text)).encode())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ValueError("it is no Python literal either") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text[:20]} is too large")
    return number
