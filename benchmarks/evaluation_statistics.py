"""How honest the verdicts of an evaluation are: coverage, A/A and power, by number of rows and kind of metric.

`python -m benchmarks.evaluation_statistics` prints three tables. Beside the interval that is used stand a plain
percentile interval, BCa, and the studentised bootstrap, on the same draws.
"""

import argparse
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from brewslm.stages.evaluate.statistics import Paired, compare_pairs, tail_for

Floats = NDArray[np.float64]
SEED = 20260
LENGTHS = (10, 20, 30, 50, 100, 300)


def losses(generator: np.random.Generator, num_rows: int, effect: float) -> tuple[Floats, Floats]:
    """Differences of two summed losses with long tails, and their tokens: without an effect, one model run twice."""
    tokens = generator.integers(5, 60, size=num_rows).astype(float)
    return tokens * (effect + generator.laplace(0.0, 0.3, size=num_rows)), tokens


def skewed(generator: np.random.Generator, num_rows: int, effect: float) -> tuple[Floats, Floats]:
    """The same, where a tuning changed few rows by much: the tail is on one side."""
    tokens = generator.integers(5, 60, size=num_rows).astype(float)
    return tokens * (effect + generator.exponential(0.3, size=num_rows) - 0.3), tokens


def hits(generator: np.random.Generator, num_rows: int, effect: float) -> tuple[Floats, Floats]:
    """Differences of right and wrong: -1, 0 or 1, where one row in four is not the same under both."""
    up = (0.25 + effect) / 2
    return generator.choice([1.0, -1.0, 0.0], p=[up, 0.25 - up, 0.75], size=num_rows), np.ones(num_rows)


KINDS: dict[str, Callable[[np.random.Generator, int, float], tuple[Floats, Floats]]] = {
    "loss": losses,
    "skewed": skewed,
    "hits": hits,
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=600)
    parser.add_argument("--resamples", type=int, default=1000)
    asked = parser.parse_args()
    print(f"{asked.trials} trials a cell, {asked.resamples} resamples, seed {SEED}\n")
    print("How often the 95 % interval covers the truth")
    print(f"{'metric':>7} {'rows':>5} {'percentile':>11} {'BCa':>7} {'studentised':>12} {'widened (used)':>15}")
    for kind in KINDS:
        for num_rows in LENGTHS:
            shares = coverage(kind, num_rows, asked.trials, asked.resamples)
            print(f"{kind:>7} {num_rows:>5} " + "{:>11.1%} {:>7.1%} {:>12.1%} {:>15.1%}".format(*shares), flush=True)
    print("\nThe same model twice: how often it is called better or worse")
    print(f"{'metric':>7} {'rows':>5} {'better':>7} {'worse':>7}")
    for kind in ("loss", "hits"):
        for num_rows in LENGTHS:
            better, worse = verdicts(kind, num_rows, 0.0, asked.trials, asked.resamples)
            print(f"{kind:>7} {num_rows:>5} {better:>7.1%} {worse:>7.1%}", flush=True)
    print("\nPower: how often a planted gain is called better")
    print(f"{'metric':>7} {'gain':>6} " + " ".join(f"{num:>6}" for num in (50, 100, 200, 400, 800)))
    for kind, gains in (("loss", (0.02, 0.05, 0.1)), ("hits", (0.02, 0.05, 0.1))):
        for gain in gains:
            effect = -gain if kind == "loss" else gain
            shares = [verdicts(kind, num, effect, asked.trials // 4, 1000)[0] for num in (50, 100, 200, 400, 800)]
            print(f"{kind:>7} {gain:>6} " + " ".join(f"{share:>6.0%}" for share in shares), flush=True)


def verdicts(kind: str, num_rows: int, effect: float, num_trials: int, num_resamples: int) -> tuple[float, float]:
    """Return how often two models of this difference are called better, and worse."""
    generator = np.random.default_rng([SEED, num_rows])
    found = []
    for trial in range(num_trials):
        differences, weights = KINDS[kind](generator, num_rows, effect)
        zeros = np.zeros(num_rows)
        pair = Paired(np.stack([zeros, weights], axis=1).tolist(), np.stack([differences, weights], axis=1).tolist())
        (compared,) = compare_pairs([pair], seed=trial, num_resamples=num_resamples)
        found.append(compared.verdict(is_lower_better=kind == "loss"))
    return found.count("better") / num_trials, found.count("worse") / num_trials


def coverage(kind: str, num_rows: int, num_trials: int, num_resamples: int, effect: float = 0.05) -> list[float]:
    """Return how often the intervals of four methods hold the true difference."""
    generator = np.random.default_rng([SEED, num_rows, 1])
    held = np.zeros(4)
    for trial in range(num_trials):
        differences, weights = KINDS[kind](generator, num_rows, effect)
        held += [low <= effect <= high for low, high in intervals(differences, weights, trial, num_resamples)]
    return list(held / num_trials)


def intervals(differences: Floats, weights: Floats, seed: int, num_resamples: int) -> list[tuple[float, float]]:
    """Return the four intervals of one sample."""
    num = len(differences)
    picks = np.random.default_rng(seed).integers(0, num, size=(num_resamples, num))
    seen, drawn = differences.sum() / weights.sum(), differences[picks].sum(axis=1) / weights[picks].sum(axis=1)
    error = spread(differences, weights, seen)
    errors = np.array([spread(differences[row], weights[row], value) for row, value in zip(picks, drawn, strict=True)])
    scaled = (drawn - seen) / np.maximum(errors, 1e-9)
    late, early = np.quantile(scaled, [0.975, 0.025])
    tail = tail_for(num)
    return [
        plain(drawn, 0.025),
        bias_corrected(differences, weights, seen, drawn),
        (seen - late * error, seen - early * error),
        plain(drawn, tail),
    ]


def spread(differences: Floats, weights: Floats, value: float) -> float:
    """Return the standard error of a ratio by the delta method."""
    residuals = differences - value * weights
    return float(np.sqrt((residuals**2).sum() * len(weights) / (len(weights) - 1)) / weights.sum())


def plain(drawn: Floats, tail: float) -> tuple[float, float]:
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def bias_corrected(differences: Floats, weights: Floats, seen: float, drawn: Floats) -> tuple[float, float]:
    """Return the BCa interval (Efron 1987)."""
    normal = NormalDist()
    share = float(np.clip(np.mean(drawn < seen) + np.mean(drawn == seen) / 2, 1e-4, 1 - 1e-4))
    bias = normal.inv_cdf(share)
    without = (differences.sum() - differences) / (weights.sum() - weights)
    away = without.mean() - without
    pull = float((away**3).sum() / max(6 * ((away**2).sum()) ** 1.5, 1e-12))
    ends = [bias + normal.inv_cdf(tail) for tail in (0.025, 0.975)]
    tails = [normal.cdf(bias + end / (1 - pull * end)) for end in ends]
    low, high = np.quantile(drawn, tails)
    return float(low), float(high)


if __name__ == "__main__":
    main()
