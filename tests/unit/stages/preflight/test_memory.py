"""The forecast of memory: each term is there, and grows with what it is made of."""

from pathlib import Path
from typing import Any

import pytest

from brewslm.core.artifacts.manifest import LENGTH_BINS, Manifest
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.recipe.recipe import Recipe
from brewslm.stages.preflight.memory import peak_memory, token_bytes, trained_parameters
from tests.fakes.base_models import tiny_model
from tests.unit.stages.preflight.test_planning import manifest_of

MB = 1_000_000


@pytest.fixture
def base(tmp_path: Path) -> BaseModelFacts:
    """A Llama of 30 M parameters."""
    sizes = {"hidden_size": 512, "intermediate_size": 1408, "query_size": 512, "key_value_size": 256}
    counts = {"num_layers": 8, "vocab_size": 16384, "num_parameters": 32_000_000}
    return tiny_model(tmp_path).model_copy(update={**sizes, **counts})


def recipe_of(**settings: Any) -> Recipe:
    return Recipe.model_validate({"base_model": "tiny", **settings})


def expected(base: BaseModelFacts, manifest: Manifest | None = None, **settings: Any) -> float:
    estimate = peak_memory(recipe_of(**settings), manifest or manifest_of(), base)
    assert estimate.low is not None
    assert estimate.expected is not None
    assert estimate.high is not None
    assert 0 < estimate.low < estimate.expected < estimate.high
    return estimate.expected


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({"activation_checkpointing": True}, {"step_path": "general"}),
        ({"data": {"micro_batch_tokens": 512}}, {"data": {"micro_batch_tokens": 2048}}),
        ({"data": {"batch_size": 2}}, {"data": {"batch_size": 16}}),
        ({"method": "lora"}, {"method": "full"}),
        ({"method": "lora", "step_path": "general"}, {"method": "dora"}),
        ({"lora": {"lora_rank": 4}}, {"lora": {"lora_rank": 64}}),
        ({"precision": "bfloat16"}, {"step_path": "general"}),
        ({}, {"step_path": "general"}),
    ],
)
def test_what_takes_more_is_forecast_to_take_more(
    base: BaseModelFacts, less: dict[str, Any], more: dict[str, Any]
) -> None:
    assert expected(base, **less) < expected(base, **more)


def test_a_whole_model_is_weights_gradients_moments_and_the_copy_for_a_checkpoint(base: BaseModelFacts) -> None:
    larger = base.model_copy(update={"num_parameters": 2 * base.num_parameters})
    sparing: dict[str, Any] = {"method": "full", "step_path": "general", "data": {"batch_size": 1}}
    grown = (expected(larger, **sparing) - expected(base, **sparing)) / base.num_parameters
    assert grown >= 4 + 4 + 8


def test_the_largest_micro_batch_is_above_the_mean_where_lengths_differ(base: BaseModelFacts) -> None:
    def manifest(counts: list[int]) -> Manifest:
        whole = manifest_of()
        train = whole.split("train").model_copy(update={"length_counts": tuple(counts)})
        return whole.model_copy(update={"splits": (train,)})

    alike = [300 if place == LENGTH_BINS // 2 else 0 for place in range(LENGTH_BINS)]
    apart = [150 if place in {0, LENGTH_BINS - 1} else 0 for place in range(LENGTH_BINS)]
    assert expected(base, manifest(alike)) < expected(base, manifest(apart))


def test_an_adapter_has_rank_times_inputs_and_outputs_of_each_linear_layer(base: BaseModelFacts) -> None:
    attention = 2 * (512 + 512) + 2 * (512 + 256)
    feed_forward = 3 * (512 + 1408)
    assert trained_parameters(recipe_of(lora={"lora_rank": 2}), base) == 8 * 2 * (attention + feed_forward)
    assert trained_parameters(recipe_of(method="full"), base) == base.num_parameters


def test_a_token_of_the_general_path_takes_what_autograd_keeps_of_nine_blocks(base: BaseModelFacts) -> None:
    in_a_block = 4 * (4 * 512 + 3 * 512 + 2 * 256 + 4 * 1408)
    assert token_bytes(recipe_of(step_path="general"), base) == (8 + 1) * in_a_block
