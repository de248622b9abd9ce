"""The learning-rate schedule: warm up, stay, and decay to zero from a step that may be chosen while training runs."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Schedule:
    """Warm-up, stable and decay phases (WSD; Hu et al. 2024), the decay linear to zero."""

    warmup_steps: int
    decay_start: int
    decay_steps: int

    @property
    def total_steps(self) -> int:
        """The number of steps of the whole run."""
        return self.decay_start + self.decay_steps

    def factor(self, step: int) -> float:
        """Return the share of the peak learning rate for the step, counted from 0."""
        if step < min(self.warmup_steps, self.decay_start):
            return (step + 1) / self.warmup_steps
        if step < self.decay_start:
            return 1.0
        return max(0.0, 1.0 - (step - self.decay_start + 1) / (self.decay_steps + 1))

    def ending_in(self, remaining_steps: int, *, step: int) -> "Schedule":
        """Return a schedule that decays from the step's own rate to zero in the remaining steps.

        Raises:
            ValueError: if no step remains.
        """
        if remaining_steps < 1:
            raise ValueError(f"a decay needs at least 1 step, not {remaining_steps}")
        decay_steps = round(remaining_steps / max(self.factor(step), 1e-3))
        return replace(self, decay_start=step + remaining_steps - decay_steps, decay_steps=decay_steps)
