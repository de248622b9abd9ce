"""How fast it goes, and how busy the device is."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from brewslm.core.health.observation import Observation, finite
from brewslm.core.health.run import Run
from brewslm.core.health.sighting import Level, Sighting, shown
from brewslm.core.health.statistics import Window, median
from brewslm.core.health.thresholds import Thresholds

_SLOW_START = 2
"""Records of an attempt that are slow because caches fill and kernels compile."""


@dataclass(slots=True)
class Throughput:
    """Detector `throughput`, by whichever measure of speed the records hold."""

    unit: str = ""
    attempt: int = 0
    num: int = 0
    own: list[float] = field(default_factory=list)
    """The first speeds of this attempt; their median is frozen."""
    recent: Window = field(default_factory=lambda: Window(5))

    def look(self, seen: Observation, run: Run, limits: Thresholds) -> Iterator[Sighting]:
        """Judge the speed over the last five records, so that one pause is no trouble."""
        if seen.kind != "step":
            return
        unit, speed = _speed(seen)
        if speed is None:
            return
        if unit != self.unit or run.attempt != self.attempt:
            self.unit, self.attempt, self.num, self.own = unit, run.attempt, 0, []
            self.recent.values.clear()
        self.num += 1
        if self.num <= _SLOW_START:
            return
        if len(self.own) < limits.throughput.baseline_records:
            self.own.append(speed)
        self.recent.add(speed)
        if self.recent.is_full:
            yield self._judge(run, limits)

    def expected(self, run: Run, limits: Thresholds) -> tuple[float | None, bool]:
        """Return the speed that is taken as normal, None where none is known yet; and whether it is the run's own."""
        is_own = len(self.own) >= limits.throughput.baseline_records
        forecast = run.expected_tokens_per_second if self.unit == "tokens" else None
        return (median(self.own) if is_own else forecast), is_own

    def _judge(self, run: Run, limits: Thresholds) -> Sighting:
        now = median(self.recent.values)
        expected, is_own = self.expected(run, limits)
        if expected is None or expected <= 0 or now >= limits.throughput.share * expected:
            return Sighting("throughput")
        whose = "the run's own median" if is_own else "the forecast"
        text = f"{shown(now)} {self.unit} a second are {now / expected:.0%} of {whose}, {shown(expected)}"
        level: Level = "critical" if now < limits.throughput.critical_share * expected else "warning"
        excess = expected / max(now, 1e-9)
        limit = limits.throughput.share * expected
        return Sighting("throughput", level, now, limit, excess, text, {"expected": expected, "unit": self.unit})


def _speed(seen: Observation) -> tuple[str, float | None]:
    if (tokens := finite(seen.tokens_per_second)) is not None:
        return "tokens", tokens
    if (samples := finite(seen.samples_per_second)) is not None:
        return "samples", samples
    seconds = finite(seen.step_seconds)
    return "steps", 1 / seconds if seconds is not None and seconds > 0 else None


@dataclass(slots=True)
class Utilisation:
    """Detector `utilisation`: a device that idles, and whether it waits for data."""

    busy: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def look(self, seen: Observation, run: Run, limits: Thresholds) -> Iterator[Sighting]:
        """Judge the medians of the last records that say how busy the device is."""
        busy, wait = finite(seen.utilisation), finite(seen.data_wait)
        if busy is None and wait is None:
            return
        num = limits.utilisation.records
        self.busy = [*self.busy, busy][-num:] if busy is not None else self.busy
        self.waits = [*self.waits, wait][-num:] if wait is not None else self.waits
        waiting = median(self.waits) if len(self.waits) >= num else 0.0
        used = median(self.busy) if len(self.busy) >= num else 1.0
        is_waiting = waiting > limits.utilisation.data_wait
        evidence = {"utilisation": used, "data_wait": waiting}
        if used < limits.utilisation.share:
            suspect = f"; {waiting:.0%} of a step waits for data, which is the suspect" if is_waiting else ""
            text = f"the device is busy {used:.0%} of the time{suspect}"
            limit = limits.utilisation.share
            yield Sighting("utilisation", "warning", used, limit, limit / max(used, 1e-3), text, evidence)
        elif is_waiting:
            text = f"{waiting:.0%} of a step waits for data"
            limit = limits.utilisation.data_wait
            yield Sighting("utilisation", "warning", waiting, limit, waiting / limit, text, evidence)
        else:
            yield Sighting("utilisation")
        del run
