"""Whether the training leads anywhere: by half of its steps it should have been better than its base once."""

from collections.abc import Iterator
from dataclasses import dataclass

from brewslm.core.health.observation import Observation, finite
from brewslm.core.health.run import Run
from brewslm.core.health.sighting import Sighting
from brewslm.core.health.thresholds import Thresholds


@dataclass(slots=True)
class Design:
    """Detector `worse_than_base`, for logs that compare each evaluation with the untuned base."""

    num: int = 0
    """Evaluations that were compared."""
    best: float | None = None
    """Lowest lower end of the interval of tuned minus base, nats: above 0 the tuned model is surely worse."""
    best_step: int = 0

    def look(self, seen: Observation, run: Run, limits: Thresholds) -> Iterator[Sighting]:
        """Judge one evaluation that comes when enough of the steps are done."""
        low = finite(seen.eval_delta_low)
        if seen.kind != "eval" or low is None:
            return
        self.num += 1
        if self.best is None or low < self.best:
            self.best, self.best_step = low, seen.step or 0
        if self.best <= 0:
            yield Sighting("worse_than_base")
            return
        done = (seen.step or 0) / run.total_steps if run.total_steps else 0.0
        if done < limits.design.share or self.num < limits.design.evals:
            return
        text = (
            f"after {done:.0%} of the steps none of {self.num} evaluations was better than the untuned base; the best, "
            f"at step {self.best_step}, is surely worse by {self.best:.4f} nats"
        )
        evidence = {"evaluations": self.num, "best_step": self.best_step}
        yield Sighting("worse_than_base", "critical", self.best, 0.0, 1.0 + self.best, text, evidence)
