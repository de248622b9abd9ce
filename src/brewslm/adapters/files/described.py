"""Files of settings that people write: read strictly, and every mistake told at once, each with its line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from brewslm.core.errors import InvalidRequestError
from brewslm.core.finding import counted
from brewslm.core.value import Value

_MAX_BYTES = 1 << 20
_MAX_SAID = 20

Mark = tuple[str | int, ...]
"""A place in a file, key by key."""
Lines = dict[Mark, int]
"""The line of each place, from 1."""
ValueT = TypeVar("ValueT", bound=Value)


def read_described(
    path: Path, kind: type[ValueT], *, subject: str, check: str, said: Callable[[Any, Lines], tuple[int, str]]
) -> ValueT:
    """Return what a YAML file says.

    Args:
        path: the file.
        kind: what it is to be.
        subject: what it is, in words.
        check: the command that reads it again.
        said: makes of one of pydantic's errors its line and what to tell.

    Raises:
        InvalidRequestError: it cannot be read, or says what cannot be; all of it at once, each with its line.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InvalidRequestError(f"{str(path)!r} is larger than 1 MiB; {subject} is short.")
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: Lines = {}
        problems: list[tuple[int, str]] = []
        _walk(root, (), lines, problems)
        data = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidRequestError(f"{str(path)!r} cannot be read: {why}.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidRequestError(f"{str(path)!r} is no YAML: {_place(error)}. Correct it.") from error
    config = None
    try:
        config = kind.model_validate({} if data is None else data)
    except ValidationError as error:
        problems += [said(one, lines) for one in error.errors(include_url=False)]
    if problems or config is None:
        more = f"; and {len(problems) - _MAX_SAID} more" if len(problems) > _MAX_SAID else ""
        told = "; ".join(f"line {line}: {what}" for line, what in sorted(problems)[:_MAX_SAID])
        message = f"{str(path)!r} has {counted(len(problems), 'mistake')}: {told}{more}"
        raise InvalidRequestError(f"{message}. Correct the file, then run `{check}`.")
    return config


def line_of(place: Mark, lines: Lines) -> int:
    """Return the line of a place, or of the nearest one around it."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def spelled(place: Mark) -> str:
    """Spell a place as people do: `slurm.partition`."""
    return ".".join(map(str, place))


def _walk(node: yaml.Node | None, place: Mark, lines: Lines, problems: list[tuple[int, str]]) -> None:
    """Note the line of every value, and which keys stand there twice."""
    if node is None:
        return
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*place, str(key.value))
            if here in lines:
                problems.append((key.start_mark.line + 1, f"{spelled(here)} stands there twice"))
            lines[here] = key.start_mark.line + 1
            _walk(value, here, lines, problems)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _walk(value, (*place, number), lines, problems)


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or "it is nested too deeply"
    return f"line {mark.line + 1}: {what}" if mark is not None else str(what)
