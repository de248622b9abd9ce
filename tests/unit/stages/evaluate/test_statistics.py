"""The interval is honest: it covers the truth as often as it says, and two equal models are rarely told apart."""

import numpy as np
import pytest
import scipy.stats

from benchmarks.evaluation_statistics import coverage, verdicts
from brewslm.core.evaluation.interval import Interval
from brewslm.stages.evaluate.statistics import (
    Paired,
    compare_pairs,
    holm,
    paired_ratio_interval,
    t_quantile,
    tail_for,
    verdict_of,
)

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


@pytest.mark.parametrize("kind", ["loss", "hits"])
@pytest.mark.parametrize("num_rows", [10, 40, 150])
def test_a_model_against_itself_is_called_better_in_at_most_5_of_100_trials(kind: str, num_rows: int) -> None:
    better, worse = verdicts(kind, num_rows, 0.0, 200, 400)
    print(f"A/A of {kind} on {num_rows} rows: better {better:.1%}, worse {worse:.1%}")
    assert better <= 0.05
    assert worse <= 0.05


def test_a_planted_gain_is_found_more_often_the_more_rows_there_are() -> None:
    few, many = (verdicts("hits", num_rows, 0.1, 60, 300)[0] for num_rows in (40, 400))
    assert few < 0.7 < many


@pytest.mark.parametrize(("kind", "num_rows"), [("loss", 12), ("skewed", 50)])
def test_the_interval_is_not_too_narrow_for_few_rows(kind: str, num_rows: int) -> None:
    shares = coverage(kind, num_rows, 200, 300)
    print(f"{kind} on {num_rows} rows: percentile {shares[0]:.1%}, widened {shares[3]:.1%}")
    assert shares[3] >= max(shares[0], 0.905)


@pytest.mark.parametrize("freedom", [1, 2, 3, 5, 10, 49])
def test_the_reach_of_few_rows_is_that_of_students_t(freedom: int) -> None:
    assert t_quantile(0.975, freedom) == pytest.approx(scipy.stats.t.ppf(0.975, freedom), rel=4e-3)
    wider = scipy.stats.norm.cdf(-np.sqrt((freedom + 1) / freedom) * scipy.stats.t.ppf(0.975, freedom))
    assert tail_for(freedom + 1) == pytest.approx(wider, rel=0.06, abs=1e-9)


def test_several_questions_are_adjusted_as_holm_says() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([0.5, 0.6]) == (1.0, 1.0)
    assert holm([]) == ()


def test_one_row_tells_nothing() -> None:
    (compared,) = compare_pairs([Paired([[2.0, 1.0]], [[1.0, 1.0]])], seed=1, num_resamples=50)
    assert compared.delta == -1.0
    assert compared.verdict(is_lower_better=True) == "cannot tell"


def test_swaps_are_exact_where_every_way_to_swap_can_be_counted() -> None:
    """Eight rows that all gained: of 2^8 ways to swap, one alone is as far on this side."""
    pair = Paired([[1.0, 1.0]] * 8, [[0.0, 1.0]] * 8)
    (compared,) = compare_pairs([pair], seed=3, num_resamples=20_000)
    assert compared.p_lower == pytest.approx(1 / 256, rel=0.3)
    assert compared.p_higher == 1.0


def test_a_metric_that_is_no_mean_is_resampled_whole() -> None:
    """The F1 of one class, against a bootstrap that counts every resample anew."""
    generator = np.random.default_rng(SEED)
    columns = generator.integers(0, 2, size=(60, 3)).astype(float)

    def f1(sums: np.ndarray) -> np.ndarray:
        return 2 * sums[..., 0] / (2 * sums[..., 0] + sums[..., 1] + sums[..., 2])

    (compared,) = compare_pairs([Paired(columns.tolist(), columns[::-1].tolist(), f1)], seed=1)
    drawn = [f1(columns[generator.integers(0, 60, size=60)].sum(axis=0)) for _ in range(4000)]
    low, high = np.quantile(drawn, [tail_for(60), 1 - tail_for(60)])
    assert compared.base == compared.tuned == f1(columns.sum(axis=0))
    assert compared.base_interval.low == pytest.approx(low, abs=0.02)
    assert compared.base_interval.high == pytest.approx(high, abs=0.02)


def test_a_regression_within_the_margin_is_none() -> None:
    rows = [[1.0, 1.0]] * 40
    worse = [[1.1 + 0.001 * (number % 5), 1.0] for number in range(40)]
    (compared,) = compare_pairs([Paired(rows, worse)], seed=1, num_resamples=500)
    assert compared.p_regressed(0.0, is_lower_better=True) < 0.01
    assert compared.p_regressed(0.2, is_lower_better=True) == 1.0
    assert compared.p_regressed(0.0, is_lower_better=False) == 1.0


def test_the_interval_agrees_with_a_bootstrap_written_row_by_row() -> None:
    generator = np.random.default_rng(SEED)
    differences, tokens = simulate(generator, num_rows=40, effect=-0.1)
    estimates = []
    for _ in range(4000):
        picks = generator.integers(0, 40, size=40)
        estimates.append(sum(differences[i] for i in picks) / sum(tokens[i] for i in picks))
    low, high = np.quantile(estimates, [tail_for(40), 1 - tail_for(40)])
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
