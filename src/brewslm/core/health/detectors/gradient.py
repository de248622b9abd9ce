"""The norm of the gradient against fixed limits, and against what the run is used to."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from brewslm.core.health.observation import Observation, finite
from brewslm.core.health.run import Run
from brewslm.core.health.sighting import Evidence, Level, Sighting, shown
from brewslm.core.health.statistics import Baseline, Window, median, robust_sd
from brewslm.core.health.thresholds import GradientThresholds, Thresholds

_MIN_SD = 0.1
_MIN_BASELINE = 16
_SMALLEST = 1e-12


@dataclass(slots=True)
class Gradient:
    """Detector `gradient_norm`. Norms are kept as logarithms, because they vary by factors."""

    rolling: Window = field(default_factory=lambda: Window(64))
    frozen: Baseline = field(default_factory=lambda: Baseline(32))
    recent: Window = field(default_factory=lambda: Window(8))
    num_left_out: int = 0

    def look(self, seen: Observation, run: Run, limits: Thresholds) -> Iterator[Sighting]:
        """Judge the gradient norm of one record."""
        norm = finite(seen.grad_norm)
        if seen.kind != "step" or norm is None or norm < 0:
            return
        value = math.log(max(norm, _SMALLEST))
        self.recent.add(value)
        sighting, is_off = self._judge(norm, value, limits.gradient)
        if is_off and self.num_left_out < self.recent.size:
            self.num_left_out += 1
        else:
            self.num_left_out = 0
            self.rolling.add(value)
            self.frozen.add(value)
        yield sighting
        del run

    def _judge(self, norm: float, value: float, limits: GradientThresholds) -> tuple[Sighting, bool]:
        bound, evidence = self._bound(value, limits)
        is_off = norm > bound
        limit = min(bound, limits.limit)
        if norm <= limit:
            return Sighting("gradient_norm"), False
        level: Level = "critical" if norm > limits.critical_limit else "warning"
        why = f"the limit of {limits.limit:g}" if norm > limits.limit else f"the run's own bound of {shown(bound)}"
        text = f"gradient norm {shown(norm)} is above {why}"
        return Sighting("gradient_norm", level, norm, limit, norm / limit, text, evidence), is_off

    def _bound(self, value: float, limits: GradientThresholds) -> tuple[float, Evidence]:
        """Return the norm above which this record is off, by the last norms or, of a slow rise, by the first ones."""
        if len(self.rolling) < _MIN_BASELINE:
            return math.inf, {}
        center = median(self.rolling.values)
        bound = center + _spread(robust_sd(self.rolling.values), limits)
        if self.frozen.is_full and self.recent.is_full:
            first = self.frozen.center + _spread(self.frozen.sd, limits)
            if first < bound and median(self.recent.values) > first:
                center, bound = self.frozen.center, first
        return math.exp(bound), {"baseline": math.exp(center), "ratio": math.exp(min(value - center, 700.0))}


def _spread(sd: float, limits: GradientThresholds) -> float:
    return max(limits.baseline_sd * max(sd, _MIN_SD), math.log(limits.min_ratio))
