from collections import Counter

import numpy as np
import pytest

from pretrain.documents import SOURCES
from pretrain.schedule import Schedule
from pretrain.streams import BatchOrder

SHARES = {"books": 32, "gsm8k": 16, "banking77": 8, "own": 8}
LENGTH = 10


def streams() -> dict[str, np.ndarray]:
    return {source: np.arange(1000, dtype=np.uint16) + 1000 * number for number, source in enumerate(SOURCES)}


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    first, second = (BatchOrder(streams(), SHARES, seed=4) for _ in range(2))
    second.batch(0, num_sequences=8, length=LENGTH)
    assert np.array_equal(
        first.batch(5, num_sequences=8, length=LENGTH), second.batch(5, num_sequences=8, length=LENGTH)
    )


def test_another_seed_gives_another_order() -> None:
    first, second = (
        BatchOrder(streams(), SHARES, seed=seed).batch(0, num_sequences=8, length=LENGTH) for seed in (1, 2)
    )
    assert not np.array_equal(first, second)


def test_sources_hold_their_shares_exactly() -> None:
    batch = BatchOrder(streams(), SHARES, seed=4).batch(0, num_sequences=64, length=LENGTH)
    counts = Counter(SOURCES[row[0] // 1000] for row in batch)
    assert counts == SHARES


def test_an_epoch_reads_every_chunk_once() -> None:
    num_chunks = 999 // LENGTH - 1
    order = BatchOrder(streams(), {"books": 64, "gsm8k": 0, "banking77": 0, "own": 0}, seed=4)
    starts = order.batch(0, num_sequences=num_chunks, length=LENGTH)[:, 0]
    assert len(set(starts)) == num_chunks
    assert set(np.diff(np.sort(starts))) == {LENGTH}


def test_refuses_shares_that_do_not_fill_the_pattern() -> None:
    with pytest.raises(ValueError, match="64"):
        BatchOrder(streams(), {**SHARES, "own": 9}, seed=4)


def test_the_rate_warms_up_stays_and_decays_to_zero() -> None:
    schedule = Schedule(warmup_steps=10, decay_start=50, decay_steps=20)
    assert schedule.factor(0) == pytest.approx(0.1)
    assert schedule.factor(9) == schedule.factor(49) == 1.0
    assert 0 < schedule.factor(69) < schedule.factor(50) < 1.0
    assert schedule.factor(schedule.total_steps) == 0.0


@pytest.mark.parametrize("step", [20, 60])
def test_a_cool_down_goes_on_from_the_rate_of_its_step(step) -> None:
    schedule = Schedule(warmup_steps=10, decay_start=50, decay_steps=20)
    shortened = schedule.ending_in(5, step=step)
    assert shortened.total_steps == step + 5
    assert shortened.factor(step) == pytest.approx(schedule.factor(step), abs=0.2)
    assert shortened.factor(step) > shortened.factor(step + 4) > 0.0


def test_a_cool_down_without_a_step_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Schedule(warmup_steps=10, decay_start=50, decay_steps=20).ending_in(0, step=5)
