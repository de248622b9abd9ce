"""How often 95 % intervals of the mean cover the truth, where each value resembles the one before.

The Studio's advanced panel computes the last column (`studio/src/lib/statistics/correlation.ts`); this is the same in
numpy beside what else is in use. `python -m benchmarks.intervals` prints a row for each length and likeness.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import signal, stats

NUM_SERIES = 1500
LENGTHS = (50, 100, 300, 1000, 3000)
LIKENESSES = (-0.4, 0.0, 0.5, 0.8, 0.9, 0.95)

Series = Any
"""A numpy array: series by values."""


def main() -> None:
    """Print the table."""
    print(f"{'n':>5} {'AR(1)':>6} " + " ".join(f"{name:>16}" for name in METHODS))
    for num in LENGTHS:
        for likeness in LIKENESSES:
            series = _simulated(likeness, num)
            off = np.abs(series.mean(axis=1))
            shares = [float((off <= method(series)).mean()) for method in METHODS.values()]
            print(f"{num:>5} {likeness:>6} " + " ".join(f"{share:>16.1%}" for share in shares), flush=True)


def _simulated(likeness: float, num: int) -> Series:
    noise = np.random.default_rng(1).normal(size=(NUM_SERIES, num))
    noise[:, 0] /= np.sqrt(1 - likeness**2)
    return signal.lfilter([1.0], [1.0, -likeness], noise, axis=1)


def _plain(series: Series) -> Series:
    num = series.shape[1]
    return stats.t.ppf(0.975, num - 1) * series.std(axis=1, ddof=1) / np.sqrt(num)


def _batch_means(series: Series) -> Series:
    """As many batches as the root of the length."""
    num = series.shape[1]
    batches = int(np.sqrt(num))
    size = num // batches
    means = series[:, num - batches * size :].reshape(len(series), batches, size).mean(axis=2)
    return stats.t.ppf(0.975, batches - 1) * means.std(axis=1, ddof=1) / np.sqrt(batches)


def _initial_monotone(series: Series) -> Series:
    """The initial monotone sequence (Geyer 1992)."""
    num = series.shape[1]

    def times(own: Series) -> float:
        likenesses = own / own[0]
        pairs = likenesses[0 : 2 * (num // 2) : 2] + likenesses[1 : 2 * (num // 2) : 2]
        ended = np.flatnonzero(pairs <= 0)
        last = int(ended[0]) if len(ended) else len(pairs)
        return 2 * float(np.minimum.accumulate(pairs[: max(last, 1)]).sum()) - 1

    return _by_time(series, times)


def _autoregression(series: Series) -> Series:
    """An autoregression of the order that BIC chooses, with the bias of its factors put back."""
    num = series.shape[1]
    most = min(int(10 * np.log10(num)), num // 5)

    def times(own: Series) -> float:
        factors, noise = np.zeros(0), own[0]
        best = (num * np.log(noise) + np.log(num), 0, 0.0, noise)
        for order in range(1, most + 1):
            partial = (own[order] - factors @ own[order - 1 : 0 : -1][: order - 1]) / noise
            factors = np.append(factors - partial * factors[::-1], partial)
            noise *= 1 - partial**2
            best = min(best, (num * np.log(noise) + np.log(num) * (order + 1), order, float(factors.sum()), noise))
        _, order, total, noise = best
        total = min(total + (order + 3 * total) / num, 1 - 3 / num) if order else 0.0
        return float(noise * num / (num - order - 1) / (1 - total) ** 2 / (own[0] * num / (num - 1)))

    return _by_time(series, times)


def _by_time(series: Series, times: Callable[[Series], float]) -> Series:
    """The half-widths by how many values tell as much as one independent value."""
    num = series.shape[1]
    centred = series - series.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(centred, 2 * num, axis=1)
    covariances = np.fft.irfft(spectrum * np.conj(spectrum), axis=1)[:, :num] / num
    time = np.clip([times(own) for own in covariances], 1 / num, num / 3)
    effective = num / time
    variance = covariances[:, 0] / (1 - np.minimum(1 / effective, 0.9))
    return stats.t.ppf(0.975, np.maximum(effective - 1, 1)) * np.sqrt(variance / effective)


METHODS: dict[str, Callable[[Series], Series]] = {
    "plain": _plain,
    "batch means": _batch_means,
    "initial monotone": _initial_monotone,
    "autoregression": _autoregression,
}

if __name__ == "__main__":
    main()
