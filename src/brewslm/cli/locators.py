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
