"""When the next record is due, whether checkpoints keep coming, and whether steps go forward."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from brewslm.core.health.observation import Observation, Phase, finite
from brewslm.core.health.run import Run
from brewslm.core.health.sighting import Level, Sighting, shown
from brewslm.core.health.statistics import Window, median
from brewslm.core.health.thresholds import StallThresholds, Thresholds

_STARTING_RECORDS = 3
_PHASE_OF: dict[str, Phase] = {"step": "training", "eval": "evaluating", "checkpoint": "saving"}


@dataclass(slots=True)
class Stall:
    """Detector `stall`: a pause that is long for what the training does, learned from its own pauses."""

    pauses: dict[Phase, Window] = field(default_factory=dict)
    last: float | None = None
    """Time of the last record that shows progress,"""
    last_clock: float | None = None
    """and the steady clock there, where the writer has one."""
    num_steps: int = 0
    """Step records of this attempt."""
    eval_step: int | None = None
    eval_every: int | None = None

    def look(self, seen: Observation, run: Run, limits: Thresholds) -> Iterator[Sighting]:
        """Judge the pause before a record, or, at a tick, the one that lasts."""
        now = finite(seen.time)
        if seen.kind == "start":
            self.num_steps, self.last, self.last_clock = 0, now, finite(seen.clock)
        if now is None or self.last is None or seen.kind in {"start", "device", "note", "end"}:
            self._advance(seen, run)
            return
        phase = seen.phase or self._phase(seen, run)
        pause = self._pause(now - self.last, finite(seen.clock))
        yield _stall(pause, phase, self._limit(phase, limits.stall), limits.stall)
        if seen.kind != "tick":
            self._learn(pause, phase)
            self._advance(seen, run)

    def _pause(self, by_time: float, clock: float | None) -> float:
        """Return the pause by the steady clock, where both records have one of the same start of the machine."""
        if clock is None or self.last_clock is None or clock < self.last_clock:
            return by_time
        return clock - self.last_clock

    def _advance(self, seen: Observation, run: Run) -> None:
        if seen.kind == "eval":
            if self.eval_step is not None and run.step is not None and run.step > self.eval_step:
                self.eval_every = run.step - self.eval_step
            self.eval_step = run.step
        self.num_steps += seen.kind == "step"
        if seen.kind in _PHASE_OF or seen.kind == "note":
            self.last, self.last_clock = finite(seen.time), finite(seen.clock)

    def _phase(self, seen: Observation, run: Run) -> Phase:
        """Return what was done in this pause; where that is not known, the slowest that it can have been."""
        if self.num_steps < _STARTING_RECORDS:
            return "starting"
        if seen.kind != "tick":
            return _PHASE_OF[seen.kind]
        every = run.eval_every or self.eval_every
        if every is None or run.step is None:
            return "evaluating"
        return "evaluating" if run.step % every == 0 and self.eval_step != run.step else "training"

    def _limit(self, phase: Phase, limits: StallThresholds) -> float:
        least = {
            "starting": limits.starting_seconds,
            "training": limits.training_seconds,
            "evaluating": limits.evaluating_seconds,
            "saving": limits.saving_seconds,
        }[phase]
        pauses = self.pauses.get(phase)
        return max(least, limits.training_medians * median(pauses.values)) if pauses else least

    def _learn(self, pause: float, phase: Phase) -> None:
        if pause >= 0:  # a clock that was put back says nothing
            self.pauses.setdefault(phase, Window(32)).add(pause)


def _stall(pause: float, phase: Phase, limit: float, limits: StallThresholds) -> Sighting:
    if pause <= limit:
        return Sighting("stall")
    level: Level = "critical" if pause > limits.critical_times * limit else "warning"
    text = f"no record for {pause:,.0f} s while {phase}; {limit:,.0f} s are fine there"
    return Sighting("stall", level, pause, limit, pause / limit, text, {"phase": phase})


@dataclass(slots=True)
class Checkpoints:
    """Detector `checkpoint_freshness`: steps that would be lost."""

    last: int | None = None
    intervals: Window = field(default_factory=lambda: Window(8))

    def look(self, seen: Observation, run: Run, limits: Thresholds) -> Iterator[Sighting]:
        """Judge how far the last checkpoint is behind, at every step."""
        if run.is_rewound and run.step is not None and self.last is not None:
            self.last = min(self.last, run.step)
        if seen.kind == "checkpoint" and seen.step is not None:
            if self.last is not None and seen.step > self.last:
                self.intervals.add(seen.step - self.last)
            self.last = seen.step
            yield Sighting("checkpoint_freshness")
        every = run.checkpoint_every or (median(self.intervals.values) if self.intervals.values else None)
        if seen.kind != "step" or seen.step is None or every is None:
            return
        behind = seen.step - (self.last if self.last is not None else run.first_step or 0)
        limit = limits.checkpoint.intervals * every
        if behind <= limit:
            yield Sighting("checkpoint_freshness")
            return
        text = f"the last checkpoint is {behind} steps old; every {shown(every)} steps there should be one"
        yield Sighting("checkpoint_freshness", "warning", behind, limit, behind / limit, text, {"every": every})


@dataclass(slots=True)
class StepOrder:
    """Detector `step_order`: steps that go back although no new attempt began."""

    highest: int | None = None

    def look(self, seen: Observation, run: Run, limits: Thresholds) -> Iterator[Sighting]:
        """Judge the step of one record; after a start, going back is how a resume looks."""
        if seen.kind != "step" or seen.step is None:
            return
        if run.is_rewound and not run.is_marked and self.highest is not None:
            text = f"step {seen.step} came after step {self.highest}, and no new attempt was told"
            excess = self.highest - seen.step
            evidence = {"highest": self.highest}
            yield Sighting("step_order", "warning", seen.step, self.highest, excess, text, evidence)
        elif self.highest is None or seen.step > self.highest or run.is_marked:
            yield Sighting("step_order")
        self.highest = seen.step if self.highest is None or run.is_marked else max(self.highest, seen.step)
        del limits
