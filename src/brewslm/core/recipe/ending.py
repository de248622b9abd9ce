"""What ends a training before its last step."""

from typing import Literal

from pydantic import Field, model_validator

from brewslm.core.value import Described


class EarlyStopping(Described):
    """Stop when the loss on the eval split no longer falls; the best checkpoint is the result all the same."""

    patience: int = Field(3, ge=1)
    """Evaluations in a row without a new best, `eval_every` steps apart."""
    min_delta: float = Field(0.0, ge=0.0)
    """What a loss must be below the best one to be a new best, nats per unit."""


class Budget(Described):
    """The most that a run may use, over all its attempts. The step in which it is used up is finished."""

    max_minutes: float | None = Field(None, gt=0.0)
    """Wall time, with loading, baseline and evaluations."""
    max_tokens: int | None = Field(None, ge=1)
    """Tokens of the examples that went through training."""
    max_cost: float | None = Field(None, gt=0.0)
    """What the run may cost, in the money of `cost_per_hour` and `price_per_kwh`."""
    max_kwh: float | None = Field(None, gt=0.0)
    """Energy in kilowatt-hours: `power_watts` times the wall time, an estimate."""
    cost_per_hour: float | None = Field(None, gt=0.0)
    """What an hour of this machine costs, for example as rent."""
    price_per_kwh: float | None = Field(None, gt=0.0)
    """What a kilowatt-hour costs; it comes on top of `cost_per_hour`."""
    power_watts: float | None = Field(None, gt=0.0)
    """What the machine draws while it trains; None has the plan take it from the table of devices."""
    on_exceed: Literal["checkpoint_and_stop"] = "checkpoint_and_stop"
    """Evaluate, save, and complete with what there is."""

    def kwh_at(self, seconds: float) -> float | None:
        """Return the energy of a run of so many seconds; None where no power is known."""
        return None if self.power_watts is None else self.power_watts * seconds / 3.6e6

    def cost_at(self, seconds: float) -> float | None:
        """Return what a run of so many seconds costs; None where no price is known."""
        rent = None if self.cost_per_hour is None else self.cost_per_hour * seconds / 3600.0
        kwh = self.kwh_at(seconds)
        energy = None if self.price_per_kwh is None or kwh is None else self.price_per_kwh * kwh
        return None if rent is None and energy is None else (rent or 0.0) + (energy or 0.0)

    @property
    def prices(self) -> str:
        """The prices in words; empty where none is known."""
        rent = "" if self.cost_per_hour is None else f"{self.cost_per_hour:g} an hour"
        energy = "" if self.price_per_kwh is None else f"{self.price_per_kwh:g} a kWh at {self.power_watts or 0:g} W"
        return " and ".join(part for part in (rent, energy) if part)

    @model_validator(mode="after")
    def _limits_something(self) -> "Budget":
        problems = []
        if self.max_cost is not None and self.cost_per_hour is None and self.price_per_kwh is None:
            problems.append("budget.max_cost needs budget.cost_per_hour or budget.price_per_kwh: what does it cost?")
        if self.power_watts is None and (self.max_kwh is not None or self.price_per_kwh is not None):
            problems.append("budget.max_kwh and budget.price_per_kwh need budget.power_watts")
        if {self.max_minutes, self.max_tokens, self.max_cost, self.max_kwh} == {None}:
            problems.append("budget limits nothing: give max_minutes, max_tokens, max_cost or max_kwh, or leave it out")
        if problems:
            raise ValueError("; ".join(problems))
        return self
