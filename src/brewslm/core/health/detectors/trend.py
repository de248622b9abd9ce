"""Whether the loss still falls: not at all in the first steps, or no longer."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from brewslm.core.health.observation import Observation, finite
from brewslm.core.health.run import Run
from brewslm.core.health.sighting import Sighting
from brewslm.core.health.statistics import Line, Window, bent, median
from brewslm.core.health.thresholds import PlateauThresholds, Thresholds, WatchThresholds

_BUCKETS = 64
_TWO_ERRORS = 2.0


@dataclass(slots=True)
class Watch:
    """Detector `not_learning`: the trend of the first steps, asked at the end of the watch and until it is certain."""

    line: Line = field(default_factory=Line)
    first: list[float] = field(default_factory=list)
    num_looks: int = 0
    is_done: bool = False
    is_failed: bool = False

    def look(self, seen: Observation, run: Run, limits: Thresholds) -> Iterator[Sighting]:
        """Take one loss into the trend; judge it where the watch ends, then at every tenth record."""
        loss = finite(seen.loss)
        if seen.kind != "step" or loss is None or seen.step is None:
            return
        if len(self.first) < run.levels.size:
            self.first.append(loss)
        if self.is_failed and self._has_fallen(run):
            self.is_failed = False
            yield Sighting("not_learning")
        if self.is_done:
            return
        self.line.add(seen.step, bent(loss))
        is_over = seen.step - (run.first_step or 0) >= run.watch_until(limits.watch)
        if not is_over or self.line.num < limits.watch.min_records:
            return
        self.num_looks += 1
        if self.num_looks % 10 == 1:
            yield from self._judge(seen.step - (run.first_step or 0), limits.watch)

    def _judge(self, num_steps: int, limits: WatchThresholds) -> Iterator[Sighting]:
        slope, error = self.line.slope()
        fall, fall_error = -slope * num_steps, error * num_steps
        if fall > max(_TWO_ERRORS * fall_error, limits.min_fall):
            self.is_done = True
            yield Sighting("not_learning")
        elif fall + _TWO_ERRORS * fall_error < limits.surely_below:
            self.is_done = self.is_failed = True
            text = f"over the first {num_steps} steps the loss changed by {-fall:+.1%}, give or take {fall_error:.1%}"
            evidence = {"records": self.line.num, "fall": fall, "standard_error": fall_error}
            yield Sighting("not_learning", "warning", fall, limits.surely_below, 1.0, text, evidence)

    def _has_fallen(self, run: Run) -> bool:
        return run.levels.is_full and bent(median(run.levels.values)) < bent(median(self.first)) - 0.1


@dataclass(slots=True)
class Plateau:
    """Detector `plateau`. The whole curve is kept as at most 64 means of equally many losses."""

    means: list[float] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    """Step at which each mean was complete."""
    width: int = 1
    """Losses in a mean; it doubles when the means become too many."""
    total: float = 0.0
    num: int = 0
    """Losses since the last mean."""
    evals: Window = field(default_factory=lambda: Window(32))
    best_eval: float | None = None
    best_step: int = 0
    num_worse: int = 0
    """Evaluations since the best one."""

    def look(self, seen: Observation, run: Run, limits: Thresholds) -> Iterator[Sighting]:
        """Take one loss or evaluation in; judge where a mean is complete, or an evaluation came."""
        if run.is_rewound and run.step is not None:
            self._rewind(run.step)
        if seen.kind == "step" and (loss := finite(seen.loss)) is not None:
            if self._take_in(bent(loss), run.step or 0):
                yield from self._judge(run, limits.plateau)
        elif seen.kind == "eval" and (loss := finite(seen.eval_loss)) is not None:
            self._evaluated(bent(loss), run.step or 0, limits.plateau)
            yield from self._judge(run, limits.plateau)

    def _rewind(self, step: int) -> None:
        num = sum(one < step for one in self.steps)
        del self.means[num:], self.steps[num:]
        self.total, self.num = 0.0, 0
        self.evals.values.clear()
        if self.best_step >= step:
            self.best_eval, self.best_step, self.num_worse = None, 0, 0

    def _take_in(self, value: float, step: int) -> bool:
        self.total, self.num = self.total + value, self.num + 1
        if self.num < self.width:
            return False
        self.means.append(self.total / self.num)
        self.steps.append(step)
        self.total, self.num = 0.0, 0
        if len(self.means) == _BUCKETS:
            self.means = [(self.means[at] + self.means[at + 1]) / 2 for at in range(0, _BUCKETS, 2)]
            self.steps = self.steps[1::2]
            self.width *= 2
        return True

    def _evaluated(self, value: float, step: int, limits: PlateauThresholds) -> None:
        self.evals.add(value)
        if self.best_eval is None or value < self.best_eval - limits.eval_fall:
            self.best_eval, self.best_step, self.num_worse = value, step, 0
        else:
            self.num_worse += 1

    def _judge(self, run: Run, limits: PlateauThresholds) -> Iterator[Sighting]:
        """Say flat or falling; nothing where neither is sure. Evaluations, where there are some, overrule training."""
        if run.has_low_learning_rate_by < limits.min_learning_rate or run.share_done > limits.until:
            return
        steps = (run.step or 0) - self.best_step
        is_long = steps >= 0.2 * ((run.step or 0) - (run.first_step or 0))
        if self.best_eval is not None and self.num_worse < 2:
            yield Sighting("plateau")
        elif self.num_worse >= limits.evals and is_long and self._is_flat(limits):
            text = f"no evaluation of the last {self.num_worse} was better than the one at step {self.best_step}"
            evidence = {"evaluations": self.num_worse, "best_step": self.best_step}
            excess = 1.0 + self.num_worse
            yield Sighting("plateau", "warning", self.num_worse, limits.evals, excess, text, evidence)
        elif len(self.means) * self.width >= limits.min_records:
            yield from self._of_training(limits)

    def _is_flat(self, limits: PlateauThresholds) -> bool:
        """Whether the last half of the evaluations surely fell by less than the limit."""
        values = self.evals.values[-max(limits.evals, len(self.evals) // 2) :]
        fall, error = _fall(values)
        return fall + limits.standard_errors * error < limits.fall

    def _of_training(self, limits: PlateauThresholds) -> Iterator[Sighting]:
        half = len(self.means) // 2
        fall, error = _fall(self.means[half:])
        if fall > limits.fall or fall < -2 * limits.fall:  # a rise is not flat, either
            yield Sighting("plateau")
        elif fall + limits.standard_errors * error < limits.fall:
            records = (len(self.means) - half) * self.width
            text = f"over the last {records} records the loss fell by {fall:.1%}, give or take {error:.1%}"
            evidence = {"records": records, "fall": fall, "standard_error": error, "from_step": self.steps[half]}
            yield Sighting("plateau", "warning", fall, limits.fall, 1.0 + records, text, evidence)


def _fall(values: list[float]) -> tuple[float, float]:
    """Return by how much a straight line through the values falls, and the standard error of that."""
    line = Line()
    for place, value in enumerate(values):
        line.add(place, value)
    slope, error = line.slope()
    return -slope * len(values), error * len(values)
