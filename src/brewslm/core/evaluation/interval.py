"""How sure a number is."""

from typing import Literal

from brewslm.core.value import Value

EvalVerdict = Literal["better", "worse", "cannot tell"]


class Interval(Value):
    """A 95 % interval, and how it was made."""

    low: float
    high: float
    method: str = "paired bootstrap over examples, 10,000 resamples, percentile, widened for few examples"
