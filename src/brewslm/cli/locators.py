"""Where data comes from, as users type it."""

import re
from pathlib import Path

import typer

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def one_locator(argument: str | None, option: str | None, sample: str | None) -> str:
    """Return the one source that was named, absolute where it is a path.

    Raises:
        typer.BadParameter: none was named, or more than one.
    """
    given = [value for value in (argument, option, f"sample:{sample}" if sample else None) if value]
    if len(given) != 1:
        message = "name exactly one source: a path, a quoted pattern, a locator such as hf:OWNER/NAME, or --sample NAME"
        raise typer.BadParameter(message, param_hint="SOURCE")
    return absolute(given[0])


def absolute(locator: str) -> str:
    """Make a path absolute, because a server in another folder may do the work."""
    if _SCHEME.match(locator) and not Path(locator).exists():
        return locator
    return str(Path(locator).expanduser().absolute())


def delimiter_of(spelled: str | None) -> str | None:
    """Return the character that was named, or spelled out.

    Raises:
        typer.BadParameter: it is neither.
    """
    names = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|", "pipe": "|", "space": " "}
    mark = names.get(spelled.lower(), spelled) if spelled is not None else None
    if mark is not None and (len(mark) != 1 or mark in "\r\n\"'"):
        message = f"{spelled!r} is no delimiter; name one character, or tab, comma, semicolon, bar or space"
        raise typer.BadParameter(message, param_hint="--delimiter")
    return mark
