"""Which examples a step sees and how fast it learns depend on nothing but the step."""

from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from brewslm.core.recipe.data import DataSettings
from brewslm.core.recipe.schedule import ScheduleSettings
from brewslm.worker.processes import ALONE
from brewslm.worker.train.batches import Curriculum
from brewslm.worker.train.schedule import learning_rate_at


def alike(num_examples: int) -> NDArray[np.int64]:
    """Lengths of examples of one token each."""
    return np.ones(num_examples, dtype=np.int64)


def seen(curriculum: Curriculum, steps: range) -> list[int]:
    return [int(i) for step in steps for batch in curriculum.micro_batches(step, ALONE) for i in batch]


def test_each_epoch_holds_every_example_once_in_an_order_of_its_own() -> None:
    curriculum = Curriculum(
        alike(10), DataSettings(batch_size=2, gradient_accumulation_steps=2, num_epochs=2.0), seed=1
    )
    order = seen(curriculum, range(1, curriculum.total_steps + 1))
    assert curriculum.total_steps == 5
    assert sorted(order[:10]) == sorted(order[10:]) == list(range(10))
    assert order[:10] != order[10:]


def test_a_step_sees_the_same_wherever_one_begins() -> None:
    settings = DataSettings(batch_size=3, total_steps=20)
    whole = seen(Curriculum(alike(7), settings, seed=5), range(1, 21))
    assert seen(Curriculum(alike(7), settings, seed=5), range(11, 21)) == whole[30:]
    assert seen(Curriculum(alike(7), settings, seed=6), range(1, 21)) != whole


def test_micro_batches_have_the_batch_size() -> None:
    curriculum = Curriculum(alike(50), DataSettings(batch_size=4, gradient_accumulation_steps=3, total_steps=2), seed=0)
    assert [len(batch) for batch in curriculum.micro_batches(1, ALONE)] == [4, 4, 4]


def test_a_batch_of_too_many_tokens_is_cut_and_keeps_its_examples() -> None:
    lengths = np.random.default_rng(3).integers(1, 120, size=200)
    whole = Curriculum(lengths, DataSettings(batch_size=50, total_steps=4, micro_batch_tokens=10**6), seed=0)
    cut = Curriculum(lengths, DataSettings(batch_size=50, total_steps=4, micro_batch_tokens=100), seed=0)
    for step in range(1, 5):
        (batch,), parts = whole.micro_batches(step, ALONE), cut.micro_batches(step, ALONE)
        assert sorted(np.concatenate(parts)) == sorted(batch)
        assert all(lengths[part].sum() <= 100 or len(part) == 1 for part in parts)
        assert len(parts) < len(batch)


def test_more_examples_in_a_batch_than_there_are_is_possible() -> None:
    assert len(seen(Curriculum(alike(3), DataSettings(batch_size=8, total_steps=1), seed=0), range(1, 2))) == 8


@pytest.mark.parametrize("shape", ["cosine_warmup", "linear"])
def test_rate_rises_to_the_peak_and_falls_to_its_share(shape: Literal["cosine_warmup", "linear"]) -> None:
    settings = ScheduleSettings(lr_schedule=shape, warmup_steps=10, min_lr_ratio=0.1)
    rates = [learning_rate_at(step, peak=2.0, settings=settings, total_steps=100) for step in range(1, 101)]
    assert rates[0] == pytest.approx(0.2)
    assert rates[9] == pytest.approx(2.0)
    assert rates[-1] == pytest.approx(0.2)
    assert (np.diff(rates[9:]) < 0).all()


def test_constant_rate_stays_at_the_peak() -> None:
    settings = ScheduleSettings(lr_schedule="constant", warmup_steps=0)
    assert {learning_rate_at(step, peak=0.5, settings=settings, total_steps=9) for step in range(1, 10)} == {0.5}


def test_wsd_stays_at_the_peak_and_falls_in_the_last_share() -> None:
    settings = ScheduleSettings(lr_schedule="wsd", warmup_steps=10, min_lr_ratio=0.1, decay_share=0.25)
    rates = [learning_rate_at(step, peak=2.0, settings=settings, total_steps=100) for step in range(1, 101)]
    assert rates[4] == pytest.approx(1.0)
    assert set(rates[9:75]) == {2.0}
    assert (np.diff(rates[74:]) < 0).all()
    assert rates[-1] == pytest.approx(0.2)


def test_warm_up_takes_at_most_half_of_a_short_run() -> None:
    settings = ScheduleSettings(warmup_steps=100)
    rates = [learning_rate_at(step, peak=1.0, settings=settings, total_steps=4) for step in range(1, 5)]
    assert rates[:2] == [0.5, 1.0]
    assert rates[-1] == pytest.approx(0.1)
