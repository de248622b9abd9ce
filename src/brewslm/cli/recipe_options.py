"""From `--set` and `--config` to the overrides of a recipe, from `--fork` and `--step` to where a training begins."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from brewslm.core.recipe.scalars import scalar

if TYPE_CHECKING:
    from brewslm.core.checkpoints.fork import Fork

Scalar = int | float | str | bool

_FORK = re.compile(r"(?:exp-0*)?([1-9]\d{0,14})(?::(.*))?")
_CHECKPOINTS: dict[str, Literal["best", "last"]] = {"best": "best", "last": "last"}


def overrides_from(pairs: list[str] | None, *, mode: str | None = None) -> dict[str, Scalar]:
    """Read `field=value` pairs; numbers and true/false become what they say. `--mode` is short for such a pair.

    Raises:
        typer.BadParameter: a pair has no `=`, or names a field twice.
    """
    found: dict[str, Scalar] = {}
    for pair in pairs or []:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            message = f"{pair!r} is not FIELD=VALUE, for example optim.learning_rate=1e-3"
            raise typer.BadParameter(message, param_hint="--set")
        if name.strip() in found:
            message = f"{name.strip()!r} is set twice"
            raise typer.BadParameter(message, param_hint="--set")
        found[name.strip()] = scalar(value.strip())
    if mode is not None:
        if "mode" in found:
            message = "the mode is set twice, by --mode and by --set"
            raise typer.BadParameter(message, param_hint="--mode")
        found["mode"] = mode
    return found


def overrides_in(path: Path) -> dict[str, Scalar]:
    """Read a YAML file of recipe fields, nested or dotted.

    Raises:
        InvalidRequestError: the file is missing, no YAML, or holds something other than fields with plain values.
    """
    import yaml

    from brewslm.core.errors import InvalidRequestError

    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{str(path)!r} cannot be read ({error.strerror}); name a YAML file of recipe fields"
        raise InvalidRequestError(message) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        message = f"{str(path)!r} is not YAML: {error}; correct it"
        raise InvalidRequestError(message) from error
    if not isinstance(tree, dict):
        message = f"{str(path)!r} holds no fields; write for example `optim: {{learning_rate: 0.001}}`"
        raise InvalidRequestError(message)
    return _flat(tree, "", path)


def fork_from(text: str) -> "Fork":
    """Read `EXPERIMENT[:STEP|:best|:last]`; the experiment as a number, or as its folder is named.

    Raises:
        typer.BadParameter: it is spelled otherwise.
    """
    from brewslm.core.checkpoints.fork import Fork

    match = _FORK.fullmatch(text.strip())
    if match is None:
        message = f"{text!r} is not EXPERIMENT[:STEP|:best|:last], for example 1, 1:200 or 1:last"
        raise typer.BadParameter(message, param_hint="--fork")
    step = at_step(match[2], option="--fork") if match[2] is not None else "best"
    return Fork.model_validate({"experiment_id": int(match[1]), "step": step})


def at_step(text: str, *, option: str) -> int | Literal["best", "last"]:
    """Read a step, `best` or `last`.

    Raises:
        typer.BadParameter: it is none of them.
    """
    if text in _CHECKPOINTS:
        return _CHECKPOINTS[text]
    if re.fullmatch(r"[1-9]\d{0,14}", text):
        return int(text)
    message = f"{text!r} is not a step: write a number from 1, best or last"
    raise typer.BadParameter(message, param_hint=option)


def _flat(tree: dict[object, object], prefix: str, path: Path) -> dict[str, Scalar]:
    from brewslm.core.errors import InvalidRequestError

    found: dict[str, Scalar] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.", path)
        elif isinstance(value, bool | int | float | str):
            # YAML reads 1e-3 as text, because it wants a dot before the exponent.
            found[f"{prefix}{name}"] = scalar(value) if isinstance(value, str) else value
        else:
            message = f"{str(path)!r}: {prefix}{name} must be a plain value, not {value!r}"
            raise InvalidRequestError(message)
    return found
