"""The interval is honest: it covers the truth as often as it says, and two equal models are rarely told apart."""

import numpy as np
import pytest

from brewslm.core.artifacts.eval_report import Interval
from brewslm.stages.evaluate.statistics import paired_ratio_interval, verdict_of

SEED = 20260


def simulate(generator: np.random.Generator, *, num_rows: int, effect: float) -> tuple[list[float], list[float]]:
    """Per row: the difference of two losses summed over its tokens, and its number of tokens."""
    tokens = generator.integers(5, 60, size=num_rows).astype(float)
    differences = tokens * (effect + generator.normal(0.0, 0.3, size=num_rows))
    return differences.tolist(), tokens.tolist()


def test_the_interval_covers_the_truth_in_about_95_of_100_samples() -> None:
    generator = np.random.default_rng(SEED)
    num_trials, covered = 400, 0
    for trial in range(num_trials):
        differences, tokens = simulate(generator, num_rows=120, effect=-0.05)
        interval = paired_ratio_interval(differences, tokens, seed=trial, num_resamples=600)
        covered += interval.low <= -0.05 <= interval.high
    share = covered / num_trials
    print(f"seed {SEED}: the 95 % interval covered the truth in {share:.1%} of {num_trials} samples")
    assert 0.92 <= share <= 0.98


def test_a_model_against_itself_is_called_better_in_at_most_5_of_100_trials() -> None:
    generator = np.random.default_rng(SEED)
    num_trials, verdicts = 300, []
    for trial in range(num_trials):
        differences, tokens = simulate(generator, num_rows=100, effect=0.0)
        interval = paired_ratio_interval(differences, tokens, seed=trial, num_resamples=600)
        verdicts.append(verdict_of(interval, is_lower_better=True))
    better = verdicts.count("better") / num_trials
    print(f"seed {SEED}: A/A gave 'better' in {better:.1%}, 'worse' in {verdicts.count('worse') / num_trials:.1%}")
    assert better <= 0.05
    assert verdicts.count("cannot tell") / num_trials >= 0.9


def test_the_interval_agrees_with_a_bootstrap_written_row_by_row() -> None:
    generator = np.random.default_rng(SEED)
    differences, tokens = simulate(generator, num_rows=40, effect=-0.1)
    estimates = []
    for _ in range(4000):
        picks = generator.integers(0, 40, size=40)
        estimates.append(sum(differences[i] for i in picks) / sum(tokens[i] for i in picks))
    low, high = np.quantile(estimates, [0.025, 0.975])
    interval = paired_ratio_interval(differences, tokens, seed=1)
    width = high - low
    assert interval.low == pytest.approx(low, abs=0.05 * width)
    assert interval.high == pytest.approx(high, abs=0.05 * width)


def test_long_rows_weigh_by_their_tokens() -> None:
    interval = paired_ratio_interval([-100.0] * 5, [100.0] * 5, seed=1)
    assert (interval.low, interval.high) == (-1.0, -1.0)


def test_the_same_seed_gives_the_same_interval() -> None:
    differences, tokens = simulate(np.random.default_rng(SEED), num_rows=30, effect=0.0)
    assert paired_ratio_interval(differences, tokens, seed=7) == paired_ratio_interval(differences, tokens, seed=7)
    assert paired_ratio_interval(differences, tokens, seed=7) != paired_ratio_interval(differences, tokens, seed=8)


def test_the_number_of_resamples_need_not_fill_whole_chunks() -> None:
    interval = paired_ratio_interval([-1.0, 1.0], [1.0, 1.0], seed=1, num_resamples=7)
    assert -1.0 <= interval.low <= interval.high <= 1.0


@pytest.mark.parametrize(
    ("low", "high", "is_lower_better", "verdict"),
    [
        (-0.2, -0.1, True, "better"),
        (0.1, 0.2, True, "worse"),
        (0.1, 0.2, False, "better"),
        (-0.2, -0.1, False, "worse"),
        (-0.1, 0.1, True, "cannot tell"),
        (0.0, 0.1, False, "cannot tell"),
        (-0.1, 0.0, True, "cannot tell"),
        (0.0, 0.0, True, "cannot tell"),
    ],
)
def test_a_verdict_needs_an_interval_without_zero(low: float, high: float, is_lower_better: bool, verdict: str) -> None:
    assert verdict_of(Interval(low=low, high=high), is_lower_better=is_lower_better) == verdict
