"""The command line, from its own tree of commands."""

from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from typer.main import get_command

from brewslm.cli.main import app
from pages.marks import cell, head, note, row


def commands_page() -> str:
    """Return every command with its arguments and options."""
    lines = [
        "# Command line",
        "",
        "In a clone of the repository type `./brewslm`. Every command that prints a result takes `--json`: the result on stdout, and nothing else",
        "there. Exit codes: 0 done, 1 refused or failed (one line on stderr says why), 2 wrong usage; `health`, `patrol` and `drift` have verdicts",
        "of their own. `brewslm --debug COMMAND` shows the traceback of an error.",
        "",
        note("src/brewslm/cli"),
    ]
    for name, command in leaves(get_command(app), ("brewslm",)):
        lines += ["", f"## {' '.join(name)}" if len(name) == 2 else f"### {' '.join(name)}"]
        lines += ["", _text(command.help or ""), *_parameters(command)]
    return "\n".join(lines) + "\n"


def leaves(command: Any, name: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each command below this one, groups before what is in them."""
    for word, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            yield (*name, word), child
            yield from leaves(child, (*name, word))


def _text(text: str) -> str:
    return "\n\n".join(cell(paragraph) for paragraph in text.replace("\b", "").split("\n\n"))


def _parameters(command: Any) -> list[str]:
    rows = []
    for parameter in command.params:
        if parameter.name == "help" or getattr(parameter, "hidden", False):
            continue
        is_argument = parameter.param_type_name == "argument"
        names = parameter.name.upper() if is_argument else ", ".join([*parameter.opts, *parameter.secondary_opts])
        needed = "required" if parameter.required else _default(parameter.default)
        rows.append(row(f"`{names}`", _kind(parameter), needed, cell(parameter.help or "")))
    return ["", *head("option", "value", "default", "meaning"), *rows] if rows else []


def _kind(parameter: Any) -> str:
    if getattr(parameter, "is_flag", False):
        return "flag"
    annotation = parameter.type_descriptor.annotation
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{choice.value}`" for choice in annotation)
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    return cell((parameter.metavar or {int: "number", float: "number"}.get(annotation, "text")).strip("[]{}"))


def _default(value: object) -> str:
    if value is None or isinstance(value, bool) or callable(value) or value in ((), [], ""):
        return ""
    return f"`{getattr(value, 'value', value)}`"
