"""Values of options, as users type them."""

from pathlib import Path

import pytest
import typer

from brewslm.cli.locators import absolute, one_locator
from brewslm.cli.recipe_options import fork_from, overrides_from, overrides_in
from brewslm.core.errors import InvalidRequestError


def test_values_become_what_they_spell() -> None:
    pairs = ["optim.learning_rate=1e-3", "data.total_steps=8", "lora.lora_dropout = 0.1", "precision=float32", "x=True"]
    assert overrides_from(pairs) == {
        "optim.learning_rate": 1e-3,
        "data.total_steps": 8,
        "lora.lora_dropout": 0.1,
        "precision": "float32",
        "x": True,
    }
    assert overrides_from(None) == {}


@pytest.mark.parametrize("pairs", [["learning_rate"], ["=3"], ["a=1", "a=2"]])
def test_pairs_that_say_nothing_clear_are_refused(pairs: list[str]) -> None:
    with pytest.raises(typer.BadParameter):
        overrides_from(pairs)


def test_the_mode_is_a_field_that_has_an_option() -> None:
    assert overrides_from(["optim.learning_rate=1e-3"], mode="dpo") == {"optim.learning_rate": 1e-3, "mode": "dpo"}
    with pytest.raises(typer.BadParameter, match="set twice"):
        overrides_from(["mode=kto"], mode="dpo")


def test_a_file_may_nest_its_fields(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text("optim:\n  learning_rate: 1e-3\ndata.total_steps: 8\nprecision: float32\n")
    assert overrides_in(file) == {"optim.learning_rate": 1e-3, "data.total_steps": 8, "precision": "float32"}


@pytest.mark.parametrize(
    "content", ["- a\n- b\n", "a: [1, 2]\n", "a: {b: null}\n", "a: [\n", "!!python/object:os.system {}\n"]
)
def test_files_that_hold_no_plain_fields_are_refused_by_name(tmp_path: Path, content: str) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(content)
    with pytest.raises(InvalidRequestError, match=r"recipe\.yaml"):
        overrides_in(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r"none\.yaml"):
        overrides_in(tmp_path / "none.yaml")


def test_paths_become_absolute_because_a_server_may_read_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("data.csv") == str(tmp_path / "data.csv")
    assert absolute("sample:general-chat-v1") == "sample:general-chat-v1"
    (tmp_path / "odd:name.csv").touch()
    assert absolute("odd:name.csv") == str(tmp_path / "odd:name.csv")


def test_exactly_one_source_is_needed() -> None:
    assert one_locator(None, None, "general-chat-v1") == "sample:general-chat-v1"
    for given in [(None, None, None), ("a", "b", None), ("a", None, "c")]:
        with pytest.raises(typer.BadParameter):
            one_locator(*given)


def test_a_fork_names_an_experiment_and_a_checkpoint() -> None:
    spelled = {"1": (1, "best"), "exp-012:40": (12, 40), "3:last": (3, "last"), " 3:best ": (3, "best")}
    assert {text: (fork_from(text).experiment_id, fork_from(text).step) for text in spelled} == spelled


@pytest.mark.parametrize("text", ["", "0", "x", "1:", "1:0", "1:-3", "1:newest", "1:1:1", "exp-", "9" * 30])
def test_a_fork_that_names_none_is_wrong_usage(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        fork_from(text)
