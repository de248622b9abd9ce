"""Evaluations that get worse while training gets better."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from brewslm.core.health.observation import Observation, finite
from brewslm.core.health.run import Run
from brewslm.core.health.sighting import Level, Sighting, shown
from brewslm.core.health.statistics import Window, bent, median, robust_sd, unbent
from brewslm.core.health.thresholds import Thresholds


@dataclass(slots=True)
class OverFit:
    """Detector `over_fit`. Losses are kept `bent`."""

    changes: Window = field(default_factory=lambda: Window(32))
    """From one evaluation to the next."""
    last: float | None = None
    best: float | None = None
    best_step: int | None = None
    train_at_best: float | None = None
    num_worse: int = 0

    def look(self, seen: Observation, run: Run, limits: Thresholds) -> Iterator[Sighting]:
        """Judge one evaluation."""
        if run.is_rewound:
            self.last = self.best = self.best_step = self.train_at_best = None
            self.num_worse = 0
        value = finite(seen.eval_loss)
        if seen.kind != "eval" or value is None:
            return
        value = bent(value)
        train = bent(median(run.levels.values)) if run.levels.values else None
        if self.last is not None:
            self.changes.add(value - self.last)
        self.last = value
        if self.best is None or value < self.best:
            self.best, self.best_step, self.train_at_best, self.num_worse = value, run.step, train, 0
            yield Sighting("over_fit")
            return
        yield self._judge(value, train, limits)

    def _judge(self, value: float, train: float | None, limits: Thresholds) -> Sighting:
        assert self.best is not None  # noqa: S101 - for the type checker
        noise = robust_sd(self.changes.values) if len(self.changes) >= 3 else 0.0
        rise, bound = value - self.best, max(limits.over_fit.rise, limits.over_fit.noise_sd * noise)
        self.num_worse = self.num_worse + 1 if rise > bound else 0
        has_learnt = train is not None and self.train_at_best is not None
        fall = self.train_at_best - train if train is not None and self.train_at_best is not None else 0.0
        if self.num_worse < limits.over_fit.evals or not has_learnt or fall < limits.over_fit.train_fall:
            return Sighting("over_fit")
        text = (
            f"eval loss {shown(unbent(value))} is above its best, {shown(unbent(self.best))} at step {self.best_step}, "
            f"in {self.num_worse} evaluations, while the training loss fell by {fall:.0%}"
        )
        evidence = {"best": unbent(self.best), "best_step": self.best_step or 0, "rise": rise, "train_fall": fall}
        level: Level = "critical" if rise > limits.over_fit.critical_rise else "warning"
        return Sighting("over_fit", level, unbent(value), unbent(self.best + bound), rise / bound, text, evidence)
