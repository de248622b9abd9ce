"""The active watch over the first steps: a line for each check now and then, with its numbers."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from brewslm.core.health.detectors.gradient import Gradient
from brewslm.core.health.detectors.speed import Throughput, Utilisation
from brewslm.core.health.detectors.trend import Watch
from brewslm.core.health.episodes import EpisodeBook
from brewslm.core.health.observation import Observation, finite
from brewslm.core.health.run import Run
from brewslm.core.health.sighting import DetectorName, shown
from brewslm.core.health.statistics import median
from brewslm.core.health.thresholds import Thresholds
from brewslm.core.value import Value

CheckName = Literal["loss_finite", "loss_decreasing", "gradient_norm", "utilisation", "memory", "throughput"]
CheckLevel = Literal["ok", "warning", "critical", "unknown"]

DETECTORS_OF: dict[CheckName, tuple[DetectorName, ...]] = {
    "loss_finite": ("non_finite", "zero_loss"),
    "loss_decreasing": ("not_learning", "divergence", "plateau"),
    "gradient_norm": ("gradient_norm",),
    "utilisation": ("utilisation",),
    "memory": ("memory",),
    "throughput": ("throughput",),
}
"""A check is as bad as the worst open episode of these."""

_GIB = 1 << 30


class WatchCheck(Value):
    """One check at one step of the active watch."""

    step: int
    check: CheckName
    level: CheckLevel
    """`unknown` where there is nothing to judge by yet."""
    value: float | None = None
    limit: float | None = None
    seen: str
    """One line, with numbers."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The parts of a monitor that the lines are written from."""

    run: Run
    book: EpisodeBook
    trend: Watch
    gradient: Gradient
    throughput: Throughput
    utilisation: Utilisation


@dataclass(slots=True)
class WatchLog:
    """When the next lines are due, and what no detector remembers of the records in between."""

    num_lines: int = 0
    num_not_finite: int = 0
    highest_norm: float = 0.0
    memory_bytes: int | None = None

    def look(self, seen: Observation) -> None:
        """Take one record in."""
        if seen.kind != "step":
            return
        if any(value is not None and not math.isfinite(value) for value in (seen.loss, seen.grad_norm)):
            self.num_not_finite += 1
        self.highest_norm = max(self.highest_norm, finite(seen.grad_norm) or 0.0)
        self.memory_bytes = seen.memory_bytes if seen.memory_bytes is not None else self.memory_bytes

    def lines(self, watched: Watched, limits: Thresholds, *, is_over: bool) -> tuple[WatchCheck, ...]:
        """Return a line a check where they are due: every so many steps, and where the watch ends."""
        run = watched.run
        num_due = ((run.step or 0) - (run.first_step or 0)) // limits.watch.check_every
        if num_due <= self.num_lines and not is_over:
            return ()
        self.num_lines = max(num_due, self.num_lines)
        found = tuple(self.checks(watched, limits))
        self.highest_norm = 0.0
        return found

    def checks(self, watched: Watched, limits: Thresholds) -> Iterator[WatchCheck]:
        """Yield a line a check, as things are now."""
        finite_line = (
            "every number was finite" if not self.num_not_finite else f"{self.num_not_finite} records were not"
        )
        yield _check(watched, "loss_finite", finite_line, value=self.num_not_finite, limit=0)
        yield _decreasing(watched, limits)
        yield self._gradient(watched, limits)
        yield _utilisation(watched, limits)
        yield self._memory(watched, limits)
        yield _throughput(watched, limits)

    def _gradient(self, watched: Watched, limits: Thresholds) -> WatchCheck:
        norms = watched.gradient.recent.values
        if not norms:
            return _unknown(watched, "gradient_norm", "not measured")
        usual = math.exp(median(norms))
        seen = f"{shown(usual)} by the last {len(norms)} records, {shown(self.highest_norm)} at most"
        return _check(watched, "gradient_norm", seen, value=self.highest_norm, limit=limits.gradient.limit)

    def _memory(self, watched: Watched, limits: Thresholds) -> WatchCheck:
        of = watched.run.memory_limit_bytes
        if self.memory_bytes is None or not of:
            return _unknown(watched, "memory", "not measured")
        share = self.memory_bytes / of
        seen = f"{share:.0%} of {of / _GIB:.1f} GiB in use"
        return _check(watched, "memory", seen, value=share, limit=limits.memory.share)


def _decreasing(watched: Watched, limits: Thresholds) -> WatchCheck:
    line = watched.trend.line
    if line.num < limits.watch.min_records:
        return _unknown(watched, "loss_decreasing", f"{line.num} records are too few for a trend")
    slope, error = line.slope()
    steps = (watched.run.step or 0) - (watched.run.first_step or 0)
    seen = f"changed by {slope * steps:+.1%} over {steps} steps, give or take {error * steps:.1%}"
    return _check(watched, "loss_decreasing", seen, value=-slope * steps, limit=limits.watch.surely_below)


def _utilisation(watched: Watched, limits: Thresholds) -> WatchCheck:
    busy, waits = watched.utilisation.busy, watched.utilisation.waits
    if not busy:
        return _unknown(watched, "utilisation", "not measured")
    used = median(busy)
    waiting = f", {median(waits):.0%} of a step waits for data" if waits else ""
    return _check(watched, "utilisation", f"busy {used:.0%} of the time{waiting}", used, limits.utilisation.share)


def _throughput(watched: Watched, limits: Thresholds) -> WatchCheck:
    recent = watched.throughput.recent.values
    if not recent:
        return _unknown(watched, "throughput", "too few records")
    now, unit = median(recent), watched.throughput.unit
    expected, is_own = watched.throughput.expected(watched.run, limits)
    if not expected:
        return _unknown(watched, "throughput", f"{shown(now)} {unit} a second, nothing to compare with yet", now)
    whose = "the run's own median" if is_own else "the forecast"
    seen = f"{shown(now)} {unit} a second, {now / expected:.0%} of {whose}"
    return _check(watched, "throughput", seen, now, limits.throughput.share * expected)


def _check(
    watched: Watched, check: CheckName, seen: str, value: float | None = None, limit: float | None = None
) -> WatchCheck:
    opened = [episode for name in DETECTORS_OF[check] if (episode := watched.book.open.get(name)) is not None]
    level: CheckLevel = "ok"
    if opened:
        level = "critical" if any(episode.level == "critical" for episode in opened) else "warning"
    return WatchCheck(
        step=watched.run.step or 0, check=check, level=level, value=_rounded(value), limit=limit, seen=seen
    )


def _unknown(watched: Watched, check: CheckName, seen: str, value: float | None = None) -> WatchCheck:
    return WatchCheck(step=watched.run.step or 0, check=check, level="unknown", value=_rounded(value), seen=seen)


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
