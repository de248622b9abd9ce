"""Robust statistics over bounded windows. Nothing that is not finite may enter."""

import math
from dataclasses import dataclass, field

_MAD_TO_SD = 1.4826
"""Of a normal distribution (Hampel 1974)."""


@dataclass(slots=True)
class Window:
    """The last values, at most `size` of them."""

    size: int
    values: list[float] = field(default_factory=list)

    def add(self, value: float) -> None:
        """Take one in, and forget the oldest beyond the size."""
        self.values.append(value)
        if len(self.values) > self.size:
            del self.values[0]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.values)

    @property
    def is_full(self) -> bool:
        """Whether the next one pushes out the oldest."""
        return len(self.values) >= self.size


@dataclass(slots=True)
class Baseline:
    """The first values, at most `size` of them, and their median and robust standard deviation; then it is frozen."""

    size: int
    values: list[float] = field(default_factory=list)
    center: float = 0.0
    sd: float = 0.0

    def add(self, value: float) -> None:
        """Take one in, unless it is frozen."""
        if not self.is_full:
            self.values.append(value)
            self.center, self.sd = median(self.values), robust_sd(self.values)

    @property
    def is_full(self) -> bool:
        """Whether it is frozen."""
        return len(self.values) >= self.size


def median(values: list[float]) -> float:
    """Return the median; of an even number the mean of the middle two.

    Raises:
        IndexError: there are no values.
    """
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def robust_sd(values: list[float]) -> float:
    """Return the standard deviation as the scaled median of absolute deviations from the median."""
    center = median(values)
    return _MAD_TO_SD * median([abs(value - center) for value in values])


LOSS_BEND = 0.1
_LARGEST_LOSS = 1e300
"""All beyond is as bad; so `bent` and `unbent` stay finite for whatever is."""


def bent(loss: float) -> float:
    """Return the loss on a scale that is logarithmic above 0.1 and linear around 0.

    Differences are relative changes for losses of usual size, and vanish for noise around 0; negative losses are fine.
    """
    return math.asinh(max(-_LARGEST_LOSS, min(loss, _LARGEST_LOSS)) / LOSS_BEND)


def unbent(value: float) -> float:
    """Return the loss that `bent` made this of."""
    return math.sinh(value) * LOSS_BEND


@dataclass(slots=True)
class Line:
    """A straight line through points, fitted from sums."""

    num: int = 0
    x: float = 0.0
    y: float = 0.0
    xx: float = 0.0
    """Sum of squared distances of x from its mean; `yy` and `xy` likewise."""
    xy: float = 0.0
    yy: float = 0.0

    def add(self, x: float, y: float) -> None:
        """Take a point in (Welford 1962, so that large steps cost no digits)."""
        self.num += 1
        from_x, from_y = x - self.x, y - self.y
        self.x += from_x / self.num
        self.y += from_y / self.num
        self.xx += from_x * (x - self.x)
        self.xy += from_x * (y - self.y)
        self.yy += from_y * (y - self.y)

    def slope(self) -> tuple[float, float]:
        """Return the slope and its standard error; infinite where fewer than three places of x are known."""
        if self.num < 3 or self.xx <= 0:
            return 0.0, math.inf
        slope = self.xy / self.xx
        rest = max(0.0, self.yy - slope * self.xy)
        return slope, math.sqrt(rest / (self.num - 2) / self.xx)
