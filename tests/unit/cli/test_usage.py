"""A value that cannot be: one line with the value, where it stands, and what to do. For every command of the menu."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main

from brewslm.bootstrap.settings import HOME_VARIABLE
from brewslm.cli.main import app, main

CODES_OF_HEALTH = {"health", "patrol"}
"""Their codes are their own; whatever went wrong is 3."""


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))
    if not hasattr(command, "commands"):
        yield path, command


def element(parameter: Any) -> Any:
    """The type of one value; None of what takes none."""
    annotation = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
    return next(iter(get_args(annotation)), annotation) if parameter.nargs == -1 or parameter.multiple else annotation


def words_with(path: tuple[str, ...], command: Any, parameter: Any, value: str) -> list[str]:
    """The command with this value, and fitting values for the arguments before it."""
    words = list(path)
    for other in command.params:
        if other.param_type_name == "argument" and other is not parameter:
            words.append({int: "1"}.get(element(other)) or str((get_args(element(other)) or ("x",))[0]))
        elif other.param_type_name == "argument":
            return [*words, "--", value]
    return [*words, f"{parameter.opts[0]}={value}"]


PLACES = [
    pytest.param(path, command, parameter, id=" ".join((*path, parameter.name)))
    for path, command in commands(typer.main.get_command(app))
    for parameter in command.params
]
NUMBERS = [place for place in PLACES if element(place.values[2]) in {int, float}]
CHOICES = [
    place for place in PLACES if get_args(element(place.values[2])) and not isinstance(element(place.values[2]), type)
]


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))

    def say(words: list[str]) -> str:
        with pytest.raises(SystemExit) as left:
            main(words)
        assert left.value.code == (3 if words[0] in CODES_OF_HEALTH else 2)
        (line,) = capsys.readouterr().err.splitlines()
        return line

    return say


def test_the_menu_has_numbers_and_choices() -> None:
    assert len(NUMBERS) > 100
    assert len(CHOICES) > 20


@pytest.mark.parametrize(("path", "command", "parameter"), NUMBERS)
def test_a_word_for_a_number_is_named_with_its_place(
    said: Any, path: tuple[str, ...], command: Any, parameter: Any
) -> None:
    line = said(words_with(path, command, parameter, "b4d"))
    kind = "whole number" if element(parameter) is int else "number"
    hint = parameter.get_error_hint()
    assert line == f"error: Invalid value for {hint}: 'b4d' is no {kind}. Try `brewslm {' '.join(path)} --help`."


@pytest.mark.parametrize(("path", "command", "parameter"), NUMBERS)
def test_a_number_beyond_its_limits_is_named_with_the_limit(
    said: Any, path: tuple[str, ...], command: Any, parameter: Any
) -> None:
    info = parameter.type_descriptor.parameter_info
    if info.min is not None:
        line = said(words_with(path, command, parameter, str(info.min - 1)))
        assert f"{parameter.get_error_hint()}: '{info.min - 1}' is less than {info.min:g}" in line
    if info.max is not None:
        line = said(words_with(path, command, parameter, str(info.max + 1)))
        assert f"{parameter.get_error_hint()}: '{info.max + 1}' is more than {info.max:g}" in line


@pytest.mark.parametrize(("path", "command", "parameter"), CHOICES)
def test_a_word_that_is_no_choice_is_named_with_the_choices(
    said: Any, path: tuple[str, ...], command: Any, parameter: Any
) -> None:
    line = said(words_with(path, command, parameter, "b4d"))
    assert f"{parameter.get_error_hint()}: 'b4d' is not one of " in line
    assert all(repr(choice) in line for choice in get_args(element(parameter)))


@pytest.mark.parametrize("words", [["jobs", "show", "9" * 20], ["jobs", "list", f"--project={'9' * 20}"]])
def test_a_number_that_no_ledger_can_hold_is_named(said: Any, words: list[str]) -> None:
    assert said(words) == f"error: {'9' * 20} is more than any id or count can be ({2**63 - 1}); correct it."


def test_a_hostile_value_is_shown_and_not_obeyed(said: Any) -> None:
    assert "\x1b" not in said(["jobs", "show", "\x1b[31m"])
    assert "is no whole number" in said(["jobs", "show", "1\nerror: all is well"])
