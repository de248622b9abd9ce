"""The recipe: closed, within its ranges, and checked across its parts."""

import pytest
from pydantic import ValidationError

from brewslm.core.recipe.recipe import Recipe


def recipe(**parts: object) -> Recipe:
    return Recipe.model_validate({"base_model": "tiny", **parts})


def test_the_defaults_are_a_recipe() -> None:
    assert recipe().method == "lora"


@pytest.mark.parametrize(
    "parts",
    [
        {"nonsense": 1},
        {"optim": {"lr": 1.0}},
        {"method": "prefix"},
        {"method": "full", "lora": {"lora_rank": 4}},
        {"schedule": {"decay_share": 0.3}},
        {"budget": {}},
        {"budget": {"max_cost": 2.0}},
        {"budget": {"cost_per_hour": 2.0}},
        {"budget": {"max_kwh": 2.0}},
        {"budget": {"max_cost": 2.0, "price_per_kwh": 0.3}},
        {"lora": {"target_modules": ","}},
        {"early_stopping": {"patience": 0}},
        {"mode": "ppo"},
        {"precision": "int8"},
        {"seed": -1},
        {"optim": {"learning_rate": 0.0}},
        {"data": {"batch_size": 0}},
        {"data": {"max_seq_len": 8}},
        {"lora": {"lora_dropout": 1.0}},
        {"schedule": {"min_lr_ratio": 1.5}},
        {"monitor": {"keep_checkpoints": 0}},
    ],
    ids=str,
)
def test_what_cannot_be_honoured_is_refused(parts: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        recipe(**parts)


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ({"method": "qlora"}, "cannot cut weights of 4 bits"),
        ({"step_path": "fast"}, "needs whole weights"),
        ({"mode": "kto"}, "has no mode='kto'"),
    ],
)
def test_what_shards_do_not_go_with_is_refused_by_name(parts: dict[str, object], line: str) -> None:
    assert recipe(**parts)
    with pytest.raises(ValidationError, match=line):
        recipe(data_parallel="fsdp", **parts)


@pytest.mark.parametrize(
    ("mode", "settings", "home"),
    [
        ("sft", {"beta": 0.2}, "dpo and kto"),
        ("orpo", {"beta": 0.2}, "dpo and kto"),
        ("kto", {"loss": "ipo"}, "dpo"),
        ("kto", {"label_smoothing": 0.1}, "dpo"),
        ("dpo", {"orpo_lambda": 0.2}, "orpo"),
        ("dpo", {"desirable_weight": 2.0}, "kto"),
        ("dpo", {"loss": "ipo", "label_smoothing": 0.1}, "sigmoid"),
    ],
)
def test_a_setting_that_the_mode_does_not_read_is_refused(mode: str, settings: dict[str, object], home: str) -> None:
    with pytest.raises(ValidationError, match=rf"has no effect with .*; it belongs to {home}"):
        recipe(mode=mode, preference=settings)


@pytest.mark.parametrize(
    ("mode", "settings"),
    [
        ("dpo", {"beta": 0.2, "label_smoothing": 0.1}),
        ("dpo", {"loss": "ipo"}),
        ("orpo", {"orpo_lambda": 0.2}),
        ("kto", {"beta": 0.2, "desirable_weight": 2.0, "undesirable_weight": 3.0}),
        ("sft", {"beta": 0.1}),
    ],
)
def test_a_setting_that_the_mode_reads_is_taken(mode: str, settings: dict[str, object]) -> None:
    assert (
        recipe(mode=mode, preference=settings).preference.model_dump() | settings
        == recipe(mode=mode, preference=settings).preference.model_dump()
    )


@pytest.mark.parametrize(("warmup", "is_good"), [(9, True), (10, False), (11, False)])
def test_the_warm_up_ends_before_the_run(warmup: int, is_good: bool) -> None:
    parts = {"data": {"total_steps": 10}, "schedule": {"warmup_steps": warmup}}
    if is_good:
        assert recipe(**parts).schedule.warmup_steps == warmup
    else:
        with pytest.raises(ValidationError, match=r"schedule\.warmup_steps=1\d must be below data\.total_steps=10"):
            recipe(**parts)
