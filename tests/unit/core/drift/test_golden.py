"""Golden replay: a swapped model is seen in any token, rounding in none."""

import random
from typing import Any

import pytest

from brewslm.core.drift.golden import GoldenAnswer, Reference, difference, replayed, tolerance_of

FLOAT32 = tolerance_of("float32")


def answer(**changes: Any) -> GoldenAnswer:
    told = {"prompt": "Who?", "prompt_tokens": 9, "text": "ab", "tokens": ("a", "b"), "logprobs": (-0.1, -0.7)}
    return GoldenAnswer.model_validate({**told, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt_tokens": 10},
        {"logprobs": (-0.1, -0.75)},
        {"tokens": ("a", "c"), "logprobs": (-0.1, -0.6)},
        {"tokens": ("a",), "logprobs": (-0.1,)},
    ],
    ids=["template", "weights", "another token", "shorter"],
)
def test_a_change_is_seen(changes: dict[str, Any]) -> None:
    assert difference(answer(), answer(**changes), tolerance=FLOAT32) is not None


def test_a_tie_may_fall_either_way() -> None:
    either = answer(tokens=("a", "c", "d"), logprobs=(-0.1, -0.7001, -3.0))
    assert difference(answer(), either, tolerance=FLOAT32) is None


def test_a_thousand_clean_rounds_raise_no_alarm() -> None:
    chance = random.Random(4)
    reference = Reference(version=1, answers=(answer(),))
    for _ in range(1000):
        noise = tuple(value + chance.gauss(0.0, 1e-4) for value in (-0.1, -0.7))
        assert replayed(reference, [answer(logprobs=noise)], tolerance=FLOAT32).verdict == "passing"


def test_without_a_reference_there_is_nothing_to_say() -> None:
    assert replayed(None, [answer()], tolerance=FLOAT32).verdict == "not_enough_data"
    assert replayed(Reference(version=1, answers=(answer(),)), [], tolerance=FLOAT32).verdict == "not_enough_data"


@pytest.mark.parametrize(
    ("dtype", "moved", "is_same"),
    [
        ("float32", 0.01, True),
        ("float32", 0.05, False),
        ("bfloat16", 0.05, True),
        ("bfloat16", 0.4, False),
        ("q8_0", 0.05, True),
        ("q8_0", 0.2, False),
        ("q4_k_m", 0.09, True),
        ("q4_k_m", 0.4, False),
    ],
)
def test_a_token_may_move_as_far_as_the_number_format_rounds(dtype: str, moved: float, is_same: bool) -> None:
    now = answer(logprobs=(-0.1 - moved, -0.7))
    assert (difference(answer(), now, tolerance=tolerance_of(dtype)) is None) is is_same
