"""The command line, from its own tree of commands."""

from collections.abc import Iterator
from enum import Enum
from typing import get_args

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from brewslm.cli.main import app
from pages.marks import cell, head, note, row

Command = TyperCommand | TyperGroup
INTRODUCTION = """\
# Command line

In a clone of the repository type `./brewslm`. Every command that prints a result takes `--json`: the result on stdout,
and nothing else there. Exit codes: 0 done, 1 refused or failed (one line on stderr says why), 2 wrong usage; `health`,
`patrol` and `drift` have verdicts of their own. `brewslm --debug COMMAND` shows the traceback of an error.
"""


def commands_page() -> str:
    """Return every command with its arguments and options."""
    lines = [INTRODUCTION, note("src/brewslm/cli")]
    tree = get_command(app)
    assert isinstance(tree, TyperGroup)  # noqa: S101 - the program has more than one command
    for name, command in leaves(tree, ("brewslm",)):
        lines += ["", f"## {' '.join(name)}" if len(name) == 2 else f"### {' '.join(name)}"]
        lines += ["", _text(command.help or ""), *_parameters(command)]
    return "\n".join(lines) + "\n"


def leaves(group: TyperGroup, name: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Command]]:
    """Yield each command below this one, groups before what is in them."""
    for word, child in group.commands.items():
        if isinstance(child, Command) and not child.hidden:
            yield (*name, word), child
            if isinstance(child, TyperGroup):
                yield from leaves(child, (*name, word))


def _text(text: str) -> str:
    return "\n\n".join(cell(paragraph) for paragraph in text.replace("\b", "").split("\n\n"))


def _parameters(command: Command) -> list[str]:
    rows = []
    for parameter in command.params:
        if parameter.name == "help" or not isinstance(parameter, TyperOption | TyperArgument) or parameter.hidden:
            continue
        is_argument = isinstance(parameter, TyperArgument)
        names = str(parameter.name).upper() if is_argument else ", ".join([*parameter.opts, *parameter.secondary_opts])
        needed = "required" if parameter.required else _default(parameter.default)
        rows.append(row(f"`{names}`", _kind(parameter), needed, cell(parameter.help or "")))
    return ["", *head("option", "value", "default", "meaning"), *rows] if rows else []


def _kind(parameter: TyperOption | TyperArgument) -> str:
    if isinstance(parameter, TyperOption) and parameter.is_flag:
        return "flag"
    annotation = parameter.type_descriptor.annotation
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{choice.value}`" for choice in annotation)
    choices = get_args(annotation)
    if choices and all(isinstance(choice, str) for choice in choices):  # a Literal
        return ", ".join(f"`{choice}`" for choice in choices)
    named = {int: "number", float: "number"}.get(annotation, "text")
    return cell((parameter.metavar or named).strip("[]{}"))


def _default(value: object) -> str:
    if value is None or isinstance(value, bool) or callable(value) or value in ((), [], ""):
        return ""
    return f"`{value.value if isinstance(value, Enum) else value}`"
