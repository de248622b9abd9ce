"""From an exception to one line on stderr and an exit code."""

import contextlib
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import typer

FAILED = 1
WRONG_USAGE = 2
INTERRUPTED = 130
LARGEST = 2**63 - 1
"""No id and no count in the ledger can be more."""


def set_up_log(*, is_debug: bool) -> None:
    """Send log records to stderr with `--debug`, and nowhere without: what failed is said in one line."""
    logging.raiseExceptions = False
    if is_debug:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    else:
        logging.getLogger().addHandler(logging.NullHandler())


def tell(error: Exception, words: Sequence[str], *, is_debug: bool) -> int:
    """Print the error as one line and return the exit code; with `is_debug` the traceback comes first.

    `words` are those of the command.
    """
    if isinstance(error, BrokenPipeError):
        _close_stdout()
        return FAILED
    if is_debug:
        sys.stderr.write(getattr(error, "traceback", ""))  # that of the user's own code
        traceback.print_exception(error)
    if isinstance(error, typer.TyperException):
        return _tell_usage(error)
    if isinstance(error, OverflowError) and (number := _too_large(words)):
        say_error(f"{number} is more than any id or count can be ({LARGEST}); correct it.")
        return WRONG_USAGE
    say_error(_sentence(error))
    return FAILED


def say_error(text: str) -> None:
    """Write one `error:` line to stderr; hostile characters are shown, not obeyed."""
    from brewslm.cli.text import one_line

    word = "\x1b[31merror:\x1b[0m" if sys.stderr.isatty() and not os.environ.get("NO_COLOR") else "error:"
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(f"{word} {one_line(text)}\n")
        sys.stderr.flush()


def _tell_usage(error: typer.TyperException) -> int:
    path = getattr(getattr(error, "ctx", None), "command_path", "brewslm")
    text = _usage_sentence(error)
    if text.startswith("Usage:"):  # a group without a command: its help is the answer
        sys.stderr.write(f"{text}\n")
        return error.exit_code
    stop = "" if text.endswith(("?", ".")) else "."
    say_error(f"{text}{stop} Try `{path} --help`.")
    return error.exit_code


def _usage_sentence(error: typer.TyperException) -> str:
    """Typer names the argument, and leaves it to pydantic to say what is wrong: the value, and what it should be."""
    from pydantic import ValidationError

    said, cause = error.format_message(), error.__cause__
    while isinstance(cause, ValidationError):
        found = cause.errors()[0]
        if found["type"] != "value_error":
            return said.removesuffix(error.message) + _wrong_value(dict(found))
        cause = found["ctx"]["error"]  # typer's own words, or what is wrong with one value of several
    return said if cause is None else said.removesuffix(error.message) + str(cause)


def _wrong_value(found: dict[str, Any]) -> str:
    kind, value, limits = found["type"], repr(found["input"]), found.get("ctx", {})
    if kind.startswith("int_"):
        return f"{value} is no whole number"
    if kind.startswith("float_"):
        return f"{value} is no number"
    if kind == "greater_than_equal":
        return f"{value} is less than {limits['ge']}"
    if kind == "less_than_equal":
        return f"{value} is more than {limits['le']}"
    return f"{value}: {found['msg']}"


def _too_large(words: Sequence[str]) -> str | None:
    values = (word.rpartition("=")[2].lstrip("0") for word in words)
    is_large = (value for value in values if value.isdecimal() and len(value) >= len(str(LARGEST)))
    return next(is_large, None)


def _sentence(error: Exception) -> str:
    from brewslm.core.errors import BrewError

    if isinstance(error, BrewError):
        return str(error)
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror or error}{place}; run it again with --debug to see where"
    return f"a mistake of BrewSLM: {type(error).__name__}: {error}; run it again with --debug and report what it prints"


def _close_stdout() -> None:
    """Let the interpreter's last flush go nowhere, because the reader of the pipe has left."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
