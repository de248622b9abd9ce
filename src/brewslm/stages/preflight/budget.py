"""The forecast against the caps of the budget."""

import math
from dataclasses import dataclass

from brewslm.core.artifacts.readiness import Estimate, TrainPlan
from brewslm.core.events.reasons import Reason
from brewslm.core.finding import Finding, Level


@dataclass(frozen=True, slots=True)
class Cap:
    """One limit, and what is forecast of it in the same unit."""

    field: str
    most: float
    forecast: Estimate
    scale: float
    unit: str

    def told(self) -> str:
        """Cap and forecast in words."""
        expected, low, high = self.forecast.expected, self.forecast.low, self.forecast.high
        if expected is None or low is None or high is None:
            return f"{self.field}={self.most:g} against a forecast that is not known"
        numbers = f"{expected / self.scale:,.3g}"
        if high > low:
            numbers += f" ({low / self.scale:,.3g} to {high / self.scale:,.3g})"
        return f"{self.field}={self.most:,.6g} against {numbers} {self.unit}"

    def share(self, *, of: float | None) -> float:
        """Which part of a forecast the cap pays for; infinite where that is not known."""
        return self.most * self.scale / of if of else math.inf


def caps_of(plan: TrainPlan) -> tuple[Cap, ...]:
    """Return the limits that the recipe has."""
    limits = plan.recipe.budget
    if limits is None:
        return ()
    found = (
        ("budget.max_minutes", limits.max_minutes, plan.time, 60.0, "minutes"),
        ("budget.max_tokens", limits.max_tokens, plan.tokens, 1.0, "tokens"),
        ("budget.max_kwh", limits.max_kwh, plan.energy, 1.0, "kWh"),
        ("budget.max_cost", limits.max_cost, plan.cost, 1.0, "in money"),
    )
    return tuple(
        Cap(field, most, forecast, scale, unit)
        for field, most, forecast, scale, unit in found
        if most is not None and forecast is not None
    )


def affordable_steps(plan: TrainPlan) -> int | None:
    """Return how many steps the caps are expected to pay for; None where they pay for all, or nobody knows."""
    share = min((cap.share(of=cap.forecast.expected) for cap in caps_of(plan)), default=math.inf)
    if share >= 1.0:
        return None
    return max(1, math.floor((plan.recipe.data.total_steps or 1) * share))


def budget(plan: TrainPlan) -> Finding:
    """Compare forecasts with caps: one that even the low forecast is above would end the run before its end."""
    caps = caps_of(plan)
    if not caps:
        return _finding("ok", "no limit is set")
    over = [cap for cap in caps if cap.share(of=cap.forecast.low) < 1.0]
    steps = affordable_steps(plan)
    fitting = f"data.total_steps={steps} is expected to fit" if steps is not None else ""
    if over:
        step = f"Raise it, or plan fewer steps{': ' + fitting if fitting else ''}."
        return _finding("block", "; ".join(cap.told() for cap in over), step, Reason.PREFLIGHT_BUDGET)
    unknown = [cap for cap in caps if cap.forecast.expected is None]
    likely = [cap for cap in caps if cap.share(of=cap.forecast.expected) < 1.0]
    if likely:
        seen = f"{'; '.join(cap.told() for cap in likely)}: it will probably be saved and ended early"
        return _finding("warn", seen, f"Raise it, or plan fewer steps: {fitting}.")
    told = "; ".join(cap.told() for cap in caps)
    if unknown:
        return _finding("unknown", told, "The run is saved and ended when it is used up.")
    return _finding("ok", told)


def _finding(level: Level, seen: str, next_step: str = "", reason: Reason | None = None) -> Finding:
    return Finding(check="budget", level=level, seen=seen, next_step=next_step, reason=reason)
