"""What `create_trainer` takes, and how mistakes in a brew.py are told."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from brewslm import create_brew, create_trainer
from brewslm.core.errors import ConflictError, InvalidRequestError
from brewslm.core.recipe.recipe import Recipe
from brewslm.sdk.host import line_of, load, loaded_from
from brewslm.sdk.options import PLACES, RecipeOptions

WHOLE = """
from brewslm import create_brew, create_trainer
brew = create_brew(trainer=create_trainer(name="a", dataset="sample:general-chat-v1"{more}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    before, path = set(sys.modules), list(sys.path)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def problem_of(folder: Path, text: str) -> str:
    file = folder / "brew.py"
    file.write_text(text)
    with pytest.raises(BaseException) as raised:  # noqa: PT011 - whatever the user's code raises
        load(file)
    return line_of(raised.value, file)


def test_every_option_is_a_field_of_the_recipe_and_of_its_type() -> None:
    assert set(PLACES) == set(RecipeOptions.__annotations__)
    hints = get_type_hints(RecipeOptions)
    for option, place in PLACES.items():
        model: Any = Recipe
        *groups, name = place.split(".")
        for group in groups:
            model = model.model_fields[group].annotation
        known = model.model_fields[name].annotation
        assert known == hints[option] or known == (hints[option] | None), option


def test_options_go_to_their_places() -> None:
    trainer = create_trainer(name="a", dataset="b", total_steps=6, learning_rate=1e-3, recipe={"preference.beta": 0.1})
    assert trainer.wanted.recipe == {"data.total_steps": 6, "optim.learning_rate": 1e-3, "preference.beta": 0.1}


def test_all_mistakes_are_told_at_once() -> None:
    async def later(_event: object) -> None: ...

    with pytest.raises(InvalidRequestError) as raised:
        create_trainer(name="a", dataset="b", on_log=later, lora_rank=0, learning_rate=7, nix=1)  # type: ignore[call-arg]
    text = str(raised.value)
    for part in ("on_log", "async def", "lora_rank=0", "learning_rate=7", "nix"):
        assert part in text


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"name": "a\nb"}, {"dataset": ""}, {"max_seq_len": 1}, {"profile": "x"}]
)
def test_values_out_of_range_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match=next(iter(fields))):
        create_trainer(**{"name": "a", "dataset": "b", **fields})


def test_a_brew_wants_a_trainer() -> None:
    with pytest.raises(InvalidRequestError, match="not str"):
        create_brew(trainer="a")  # type: ignore[arg-type]


def test_a_trainer_that_does_not_run_cannot_be_cancelled() -> None:
    with pytest.raises(ConflictError, match="not running in this process"):
        create_trainer(name="a", dataset="b").cancel()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\ny = z\n", "brew.py, line 2: NameError: name 'z' is not defined"),
        ("x = (\n", "brew.py, line 1: SyntaxError: '(' was never closed"),
        ("import sys\nsys.exit(3)\n", "brew.py, line 2: the code ends its own process (exit 3); leave that out"),
        ("import aside\n", "aside.py, line 3: ZeroDivisionError: division by zero"),
        ("x = 1\n", "brew.py defines no `brew`; write `brew = create_brew("),
        ("brew = 1\n", "brew.py defines `brew` as int; write `brew = create_brew("),
        (WHOLE.format(more=", lora_rank=0"), "brew.py, line 3: create_trainer: the recipe has 1 problem"),
        ("import nowhere_at_all\n", "brew.py, line 1: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("raise ValueError('a\\nb\\x1b[31m')\n", "brew.py, line 1: ValueError: a b"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_file_and_line(folder: Path, text: str, expected: str) -> None:
    (folder / "aside.py").write_text("def f():\n    pass\n1 / 0\n")
    line = problem_of(folder, text)
    assert line.startswith(expected)
    assert "\n" not in line


def test_the_files_of_the_folder_that_were_loaded_are_known(folder: Path) -> None:
    (folder / "aside.py").write_text("NAME = 'a'\n")
    (folder / "unused.py").write_text("")
    file = folder / "brew.py"
    file.write_text("import aside\n" + WHOLE.format(more=""))
    assert load(file).trainer.wanted.name == "a"
    assert loaded_from(folder) == [folder / "aside.py", file]
