"""From numbers to places on the page: linear and logarithmic axes, and round numbers along them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

_SMALLEST = 1e-300
"""Less is drawn as zero: steps along the axis could not be told apart."""
_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """One axis: `low` lies at `start` and `high` at `end`, in pixels."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def at(self, value: float) -> float:
        """Place a value; what lies outside is moved to the edge."""
        low, high, value = (math.log10(x) if self.is_log else x for x in (self.low, self.high, self._inside(value)))
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self, most: int) -> list[float]:
        """Return round numbers between the ends, about `most` of them."""
        if self.is_log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            every = max(1, math.ceil((last - first + 1) / most))
            return [10.0**power for power in range(first, last + 1, every)]
        step = round_step((self.high - self.low) / most)
        first = math.ceil(self.low / step - 1e-9)
        return [number * step for number in range(first, math.floor(self.high / step + 1e-9) + 1)]

    def _inside(self, value: float) -> float:
        return min(max(value, self.low), self.high)


def round_step(at_least: float) -> float:
    """Return the smallest of 1, 2, 2.5 and 5 times a power of ten that is at least so large."""
    power = 10.0 ** math.floor(math.log10(at_least))
    return next(step * power for step in _ROUND if step * power >= at_least * (1 - 1e-9))


def scale_for(
    values: Iterable[float], start: float, end: float, *, has_zero: bool = False, log_from: float | None = None
) -> Scale:
    """Fit an axis to the values, with a little air.

    Args:
        values: at least one.
        start: where the low end lies, in pixels.
        end: where the high end lies.
        has_zero: whether zero must be on the axis.
        log_from: the ratio of highest to lowest from which the axis is logarithmic; None where it never is.
    """
    found = [value if abs(value) >= _SMALLEST else 0.0 for value in values]
    low, high = min(found), max(found)
    if log_from is not None and low > 0 and high / low >= log_from:
        return Scale(10 ** math.floor(math.log10(low)), 10 ** math.ceil(math.log10(high)), start, end, is_log=True)
    if has_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    span = (high - low) or abs(high) or 1.0
    is_floor = low == 0.0
    return Scale(low if is_floor else low - 0.06 * span, high + 0.08 * span, start, end)


def spelled(value: float, step: float) -> str:
    """Spell a tick with as many digits as its distance to the next needs."""
    if value == 0 or abs(value) < step * 1e-6:
        return "0"
    if (step < 1e-3 and abs(value) < 1e-2) or abs(value) >= 1e6:
        digits = f"{value:.2e}".partition("e")
        return f"{digits[0].rstrip('0').rstrip('.')}e{int(digits[2])}"
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) + (1 if _is_fourth(step) else 0)
    return f"{value:,.{decimals}f}"


def _is_fourth(step: float) -> bool:
    """Whether a step is 2.5 times a power of ten, which takes a digit more."""
    return abs(step / 10.0 ** math.floor(math.log10(step)) - 2.5) < 1e-6
