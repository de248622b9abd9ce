"""The fields of a recipe, as data."""

import pytest

from brewslm.core.recipe.building import RecipeError, build_recipe, check_fields
from brewslm.core.recipe.fields import recipe_fields

FIELDS = {field.name: field for field in recipe_fields()}


def test_every_field_says_what_it_means() -> None:
    assert [name for name, field in FIELDS.items() if not field.meaning] == []


def test_ranges_choices_and_defaults_are_those_of_the_recipe() -> None:
    rate = FIELDS["optim.learning_rate"]
    assert (rate.kind, rate.default, rate.minimum, rate.maximum) == ("number", 5e-4, 0.0, 1.0)
    assert FIELDS["method"].choices == ("lora", "dora", "qlora", "full")
    assert FIELDS["data.total_steps"].is_optional
    assert FIELDS["budget.max_minutes"].is_optional
    assert FIELDS["early_stopping.patience"].default == 3
    assert "base_model" not in FIELDS


def test_every_default_can_be_set_by_its_name() -> None:
    given = {name: field.default for name, field in FIELDS.items() if field.default is not None}
    own = {name: value for name, value in given.items() if not name.startswith("budget.")}
    recipe = build_recipe({"base_model": "any", **own})
    assert recipe.early_stopping is not None
    assert recipe.model_copy(update={"early_stopping": None}) == build_recipe({"base_model": "any"})


def test_fields_pass_where_some_kind_of_data_takes_them() -> None:
    check_fields({"preference.beta": 0.2})
    check_fields({"preference.desirable_weight": 1.5, "budget.max_kwh": 1.0})
    for wrong in ({"preference.beta": 0.2, "mode": "sft"}, {"preference.beta": 0.2, "lora.lora_rnk": 4}):
        with pytest.raises(RecipeError):
            check_fields(wrong)
    with pytest.raises(RecipeError, match=r"decay_share is of lr_schedule='wsd'"):
        check_fields({"preference.beta": 0.2, "schedule.decay_share": 0.1})


def test_what_is_wrong_with_several_recipes_is_told_once_each() -> None:
    with pytest.raises(RecipeError) as caught:
        check_fields({"lora.lora_rnk": 4}, {"lora.lora_rank": 8}, {"lora.lora_rnk": 4, "optim.learning_rate": 9})
    assert [place for place, _ in caught.value.problems] == ["lora.lora_rnk", "optim.learning_rate"]
    assert str(caught.value).startswith("the recipe has 2 problems: lora.lora_rnk=4: there is no such field; did you")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("optim.lr", "there is no such field; optim has learning_rate, "),
        ("lr", "there is no such field; a recipe has "),
        ("foo.bar", "there is no such field; a recipe has "),
        ("optim", "it is a group of fields; optim has learning_rate, "),
    ],
)
def test_a_field_that_is_like_none_is_told_with_those_that_there_are(name: str, told: str) -> None:
    with pytest.raises(RecipeError) as caught:
        check_fields({name: 1})
    ((place, text),) = caught.value.problems
    assert (place, told in text) == (name, True)
