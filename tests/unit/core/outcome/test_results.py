"""Results: complete or refused, metrics beside baselines of the same names, and nothing told that was not measured."""

from typing import Any

import pytest
from pydantic import ValidationError

from brewslm.core.outcome.results import Results, results_of
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.progress import RewardScores
from brewslm.core.wire.result import PairedLoss, PassRate, TrainResult

REWARDS = RewardScores(
    accuracy=0.75, baseline_accuracy=0.5, margin=0.4, margin_low=0.1, margin_high=0.7, baseline_margin=0.0
)


def result(**changed: Any) -> TrainResult:
    plain = {
        "status": "completed",
        "checkpoint": "checkpoints/step-4",
        "step": 4,
        "last_step": 6,
        "total_steps": 6,
        "base_eval_loss": 2.0,
        "eval_loss": 1.5,
        "final_train_loss": 1.4,
        "training_seconds": 7200.0,
        "num_tokens_seen": 3_600_000,
        "peak_memory_bytes": 2_500_000_000,
    }
    return TrainResult(**{**plain, **changed})


def rendered(one: TrainResult, **recipe: Any) -> Results:
    return results_of(one, Recipe(base_model="tiny", **recipe), experiment="exp-001")


def test_figures_are_told_in_the_units_of_their_names() -> None:
    found = rendered(
        result(
            step_seconds=3600.0,
            delta_low=-0.6,
            delta_high=-0.4,
            last_pair=PairedLoss(step=6, loss=1.3, baseline_loss=2.1),
            passes=(PassRate(up_to_tokens=64, num_tokens=640, seconds=0.5),),
        )
    )
    assert (found.training_time_hours, found.memory_peak_gb, found.tokens_per_second) == (2.0, 2.5, 1000.0)
    assert found.throughput[0].tokens_per_second == 1280.0
    assert found.deltas["eval"]["loss"] is not None
    assert found.deltas["eval"]["loss"].model_dump() == {"value": -0.5, "low": -0.6, "high": -0.4}
    assert (found.metrics["train"]["loss"], found.baselines["train"]["loss"]) == (1.3, 2.1)
    assert set(found.provenance.values()) == {"measured"}


def test_what_was_not_measured_is_null_and_said_so() -> None:
    found = rendered(result(peak_memory_bytes=None))
    assert (found.memory_peak_gb, found.tokens_per_second, found.throughput, found.cost) == (None, None, (), None)
    assert {name for name, how in found.provenance.items() if how == "not measured"} == {
        "memory_peak_gb",
        "tokens_per_second",
        "throughput",
    }
    assert found.metrics["train"] == found.baselines["train"] == {"loss": None}


def test_a_cost_is_an_estimate_by_the_price_of_an_hour() -> None:
    found = rendered(result(), budget={"max_cost": 9.0, "cost_per_hour": 1.5})
    assert (found.cost, found.provenance["cost"]) == (3.0, "estimated")


def test_rewards_stand_beside_those_of_the_base() -> None:
    found = rendered(result(rewards=REWARDS), mode="dpo")
    assert found.metrics["eval"] == {"loss": 1.5, "reward_accuracy": 0.75, "reward_margin": 0.4}
    assert found.baselines["eval"] == {"loss": 2.0, "reward_accuracy": 0.5, "reward_margin": 0.0}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"best_step": 0}, "no step was made"),
        ({"metrics": {"eval": {"loss": 1.0}, "train": {"loss": 1.0, "x": 2.0}}}, "metrics.train.x has no counterpart"),
        ({"metrics": {"train": {"loss": 1.0}}}, "metrics.eval.loss was not measured"),
        ({"baselines": {"train": {"loss": 1.0}, "eval": {"loss": None}}}, "baselines.eval.loss was not measured"),
        ({"schema_version": 2}, "Input should be 1"),
        ({"extra": 1}, "Extra inputs are not permitted"),
    ],
    ids=["no step", "no counterpart", "no eval", "no baseline", "version", "unknown key"],
)
def test_results_that_are_not_complete_are_refused(changed: dict[str, Any], told: str) -> None:
    whole = rendered(result()).model_dump()
    assert Results.model_validate(whole)
    with pytest.raises(ValidationError, match=told):
        Results.model_validate({**whole, **changed})
