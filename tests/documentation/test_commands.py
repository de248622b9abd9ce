"""Every `brewslm …` line of the documentation is one that the program takes, and what it reads is documented."""

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from brewslm.bootstrap import settings
from brewslm.cli.main import app
from brewslm.core.events.reasons import TAXONOMY
from brewslm.services.brewing.project_file import read_project_file
from tests.architecture.tree import ROOT
from tests.documentation.pages import PAGES, Block, blocks, commands

TREE: Any = get_command(app)
GENERAL = {"--help", "--debug", "--version"}


def problem(words: list[str]) -> str | None:
    """Say why the program would refuse the words for their form, or None."""
    command = TREE
    words = [word for word in words if word != "--debug"]
    while hasattr(command, "commands"):
        if not words or words[0] in GENERAL:
            return None
        if words[0].startswith("-") and command.invoke_without_command:
            break  # `events --project 1` is the group itself
        if words[0] not in command.commands:
            is_shortened = command.name == "health" and not words[0].startswith("-")
            if not is_shortened:
                return f"there is no command {words[0]!r}"
            words = ["job", *words]  # `health 12` is `health job 12`
        command, words = command.commands[words[0]], words[1:]
    return _misused(command, words)


def _misused(command: Any, words: list[str]) -> str | None:
    options = {name: one for one in command.params for name in (*one.opts, *one.secondary_opts) if name[0] == "-"}
    given, places = set(), 0
    waiting = iter(words)
    for word in waiting:
        if word in GENERAL:
            return None
        if not word.startswith("-"):
            places += 1
            continue
        name, _, value = word.partition("=")
        if name not in options:
            return f"there is no option {name!r}"
        given.add(options[name].name)
        if not options[name].is_flag and not value and next(waiting, None) is None:
            return f"the option {name!r} has no value"
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    most = places if any(one.nargs == -1 for one in arguments) else len(arguments)
    least = sum(one.required for one in arguments)
    if not least <= places <= most:
        return f"takes {least} to {most} arguments, not {places}"
    missing = [one.opts[0] for one in options.values() if one.required and one.name not in given]
    return f"lacks {missing[0]}" if missing else None


def test_every_command_line_is_one_that_the_program_takes() -> None:
    lines = [(block, words) for page in PAGES for block in blocks(page) for words in commands(block)]
    assert len(lines) > 150
    wrong = [f"{block.place}: brewslm {' '.join(words)}: {why}" for block, words in lines if (why := problem(words))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("brewslm traim --project 1", "no command 'traim'"),
        ("brewslm train --projet 1", "no option '--projet'"),
        ("brewslm train", "lacks --project"),
        ("brewslm project show", "takes 1 to 1 arguments, not 0"),
        ("brewslm train --project", "has no value"),
    ],
)
def test_a_line_that_it_would_refuse_is_found(line: str, why: str) -> None:
    (words,) = commands(Block(ROOT / "docs" / "index.md", 1, "sh", None, line + "\n"))
    assert why in (problem(words) or "")


def test_every_reason_has_a_heading_with_its_anchor() -> None:
    page = (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")
    assert [reason for reason in TAXONOMY if f"### `{reason}` {{ #{reason} }}" not in page] == []


def test_every_variable_that_is_read_is_documented() -> None:
    read = set(re.findall(r'"((?:BREWSLM|KAGGLE|HF)_[A-Z_]+)"', Path(settings.__file__).read_text(encoding="utf-8")))
    assert len(read) > 12
    page = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
    assert {name for name in read if f"`{name}`" not in page} == set()


def test_every_project_file_in_the_documentation_is_valid() -> None:
    files = [block for page in PAGES for block in blocks(page) if "kind: Project" in block.text]
    assert len(files) > 1
    assert [(block.place, found) for block in files if (found := read_project_file(block.text).problems)] == []
