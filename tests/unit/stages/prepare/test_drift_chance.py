"""Label shares of a split that was drawn like train are not called drift, however many labels there are."""

import numpy as np
import pytest

from brewslm.stages.prepare.drift import _variation_by_chance


@pytest.mark.parametrize("num_labels", [2, 10, 77, 300])
def test_chance_is_seldom_called_drift(num_labels: int) -> None:
    random = np.random.default_rng(20261)
    shares = random.dirichlet(np.full(num_labels, 5.0))
    num_train, num_eval, num_trials = 8000, 1000, 400
    train = random.multinomial(num_train, shares, num_trials) / num_train
    drawn = random.multinomial(num_eval, shares, num_trials) / num_eval
    distances = np.abs(train - drawn).sum(axis=1) / 2
    noise = (1 / num_train + 1 / num_eval) ** 0.5
    alarms = sum(distance > _variation_by_chance(row, noise) for distance, row in zip(distances, train, strict=True))
    assert alarms <= 4
    order = np.argsort(shares)
    other = shares.copy()
    other[order[: num_labels // 2]], other[order[-(num_labels // 2) :]] = (
        shares[order[-(num_labels // 2) :]],
        shares[order[: num_labels // 2]],
    )
    shifted = random.multinomial(num_eval, other / other.sum()) / num_eval
    assert np.abs(train[0] - shifted).sum() / 2 > _variation_by_chance(train[0], noise)
