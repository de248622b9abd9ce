"""The way of the training loss: spikes out of its track, and a level that rises."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from brewslm.core.health.observation import Observation, finite
from brewslm.core.health.run import Run
from brewslm.core.health.sighting import Evidence, Level, Sighting, shown
from brewslm.core.health.statistics import Baseline, Window, bent, median, robust_sd, unbent
from brewslm.core.health.thresholds import DivergenceThresholds, SpikeThresholds, Thresholds

_MIN_TRACK = 16
"""Residuals without which nothing is known of the noise."""
_LEFT_OUT = 8
"""So many losses in a row may be kept out of the track as spikes; then it is the new level."""


Noise = tuple[float, float]
"""Standard deviation of the last residuals, and of the first ones."""


@dataclass(slots=True)
class LossTrack:
    """Detectors `spike` and `divergence`. All losses are kept `bent`, so that differences are relative changes."""

    accepted: Window = field(default_factory=lambda: Window(16))
    residuals: Window = field(default_factory=lambda: Window(64))
    first_residuals: Baseline = field(default_factory=lambda: Baseline(32))
    """The frozen baseline: filled once, never moved."""
    recent: Window = field(default_factory=lambda: Window(8))
    """The last losses, spikes and all: the level."""
    num: int = 0
    num_left_out: int = 0
    highest: float = 0.0
    first_level: float | None = None
    best_level: float | None = None
    best_step: int = 0
    """Step at which the level was lowest: up to there all was well."""
    num_risen: int = 0

    def look(self, seen: Observation, run: Run, limits: Thresholds) -> Iterator[Sighting]:
        """Judge one training loss that is a number."""
        if run.is_rewound:
            self._rewind()
        loss = finite(seen.loss)
        if seen.kind != "step" or loss is None:
            return
        value = bent(loss)
        noise = self._noise(limits.spike)
        spike = self._spike(loss, value, noise, limits.spike)
        yield spike
        self.recent.add(value)
        if self.recent.is_full and (divergence := self._divergence(noise, limits, run.step or 0)) is not None:
            yield divergence
        self._take_in(value, is_spike=spike.level is not None)
        self.highest = max(self.highest, loss) if self.num else loss
        self.num += 1

    def _rewind(self) -> None:
        """The curve is walked again from an earlier, higher place: levels are learnt anew, the noise is known."""
        self.accepted.values.clear()
        self.recent.values.clear()
        self.first_level = self.best_level = None
        self.num = self.num_left_out = self.num_risen = 0

    def _take_in(self, value: float, *, is_spike: bool) -> None:
        if is_spike and self.num_left_out < _LEFT_OUT:
            self.num_left_out += 1
            return
        if self.num_left_out >= _LEFT_OUT:  # the old track is gone
            self.accepted.values.clear()
        elif len(self.accepted) >= 4:
            residual = value - median(self.accepted.values)
            self.residuals.add(residual)
            self.first_residuals.add(residual)
        self.num_left_out = 0
        self.accepted.add(value)

    def _noise(self, limits: SpikeThresholds) -> Noise:
        """Return the standard deviation of the last residuals and of the first ones."""
        rolling = robust_sd(self.residuals.values) if self.residuals.values else 0.0
        return max(rolling, limits.min_sd), max(self.first_residuals.sd, limits.min_sd)

    def _spike(self, loss: float, value: float, noise: Noise, limits: SpikeThresholds) -> Sighting:
        if len(self.residuals) < _MIN_TRACK:
            limit = limits.early_ratio * self.highest
            is_spike = self.num >= 2 and self.highest > 0 and loss > limit and value - bent(self.highest) > 0.5
            text = f"loss {shown(loss)} is more than {limits.early_ratio:g} times the highest so far"
            return _spike(loss, limit, loss / limit, text, {"highest": self.highest}) if is_spike else Sighting("spike")
        if len(self.accepted) < 4:
            return Sighting("spike")
        center, (rolling, frozen) = median(self.accepted.values), noise
        rise = value - center
        is_off = rise > limits.rolling_sd * rolling and rise > limits.rolling_sd / 2 * frozen
        is_off_frozen = rise > limits.frozen_sd * frozen
        if rise <= limits.min_rise or not (is_off or is_off_frozen):
            return Sighting("spike")
        level = unbent(center)
        bound = max(limits.min_rise, min(limits.rolling_sd * rolling, limits.frozen_sd * frozen))
        text = f"loss {shown(loss)} left its track of {shown(level)} by {shown(rise / rolling)} robust sd"
        evidence = {"median": level, "rolling_sd": rolling, "frozen_sd": frozen, "sd_off": rise / rolling}
        return _spike(loss, unbent(center + bound), rise / bound, text, evidence)

    def _divergence(self, noise: Noise, limits: Thresholds, step: int) -> Sighting | None:
        level = median(self.recent.values)
        if self.first_level is None:
            self.first_level = level
        if self.best_level is None or level < self.best_level:
            self.best_level, self.best_step = level, step
        rise, bound = level - self.best_level, self._bound(noise, limits.divergence)
        self.num_risen = self.num_risen + 1 if rise > bound else 0
        if rise <= bound / 2:
            return Sighting("divergence")
        if self.num_risen < limits.divergence.confirm:
            return None
        best = unbent(self.best_level)
        text = f"the level of the loss, {shown(unbent(level))}, is above the lowest so far, {shown(best)}, and stays"
        evidence = {
            "lowest": best,
            "first": unbent(self.first_level),
            "records": self.num_risen,
            "good_until": self.best_step,
        }
        grade = _grade(level, rise, bound, self.first_level, limits.divergence)
        return Sighting(
            "divergence", grade, unbent(level), unbent(self.best_level + bound), rise / bound, text, evidence
        )

    def _bound(self, noise: Noise, limits: DivergenceThresholds) -> float:
        rolling, frozen = noise
        sd = min(rolling, 2 * frozen) if self.first_residuals.is_full else max(rolling, frozen)
        return max(limits.rise, limits.noise_sd * sd)


def _grade(level: float, rise: float, bound: float, first: float, limits: DivergenceThresholds) -> Level:
    """Twice the loss, or worse than where it began: critical."""
    is_critical = rise > max(limits.critical_rise, 1.5 * bound) or level > first + bound / 2
    return "critical" if is_critical else "warning"


def _spike(loss: float, limit: float, excess: float, text: str, evidence: Evidence) -> Sighting:
    return Sighting("spike", "warning", loss, limit, excess, text, evidence)
