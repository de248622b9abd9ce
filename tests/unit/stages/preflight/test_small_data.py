"""Little data gets small steps, and of labels more passes and a higher rate; much data is planned as before."""

from typing import get_args

import pytest

from brewslm.core.data.example import TEXT_SHAPES, Shape
from brewslm.stages.preflight.small_data import (
    FEWEST_TOKENS,
    MOST_PASSES,
    MOST_TOKENS,
    WANTED_STEPS,
    more_passes,
    rate_factor,
    step_tokens,
)


def test_a_run_has_the_wanted_steps_where_its_tokens_allow_it() -> None:
    for num_tokens in (WANTED_STEPS * FEWEST_TOKENS, 200_000.0, WANTED_STEPS * MOST_TOKENS):
        assert num_tokens / step_tokens(num_tokens) == pytest.approx(WANTED_STEPS)
    assert step_tokens(1.0) == FEWEST_TOKENS
    assert step_tokens(1e9) == MOST_TOKENS


def test_passes_are_only_added_where_there_are_too_few_steps() -> None:
    assert more_passes(WANTED_STEPS * FEWEST_TOKENS, "classification") == 1.0
    assert more_passes(0.8 * WANTED_STEPS * FEWEST_TOKENS, "classification") == pytest.approx(1.25)
    assert more_passes(10.0, "classification") == more_passes(0.0, "classification") == MOST_PASSES


def test_only_short_runs_take_a_higher_rate() -> None:
    rates = [rate_factor(num_steps, "classification") for num_steps in (WANTED_STEPS, 10 * WANTED_STEPS)]
    assert rates == [2.0, 1.0]


@pytest.mark.parametrize(
    "shape", [one for one in get_args(Shape) if one != "classification" and one not in TEXT_SHAPES]
)
def test_answers_in_words_are_not_gone_through_more_often_nor_few_at_a_higher_rate(shape: Shape) -> None:
    assert (more_passes(10.0, shape), rate_factor(10, shape), rate_factor(WANTED_STEPS, shape)) == (1.0, 1.0, 2.0)
