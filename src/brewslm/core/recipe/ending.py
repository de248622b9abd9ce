"""What ends a training before its last step."""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from brewslm.core.value import Value


class EarlyStopping(Value):
    """Stop when the loss on the eval split no longer falls; the best checkpoint is the result all the same."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    patience: int = Field(3, ge=1)
    """Evaluations in a row without a new best, `eval_every` steps apart."""
    min_delta: float = Field(0.0, ge=0.0)
    """What a loss must be below the best one to be a new best, nats per unit."""


class Budget(Value):
    """The most that a run may use, over all its attempts. The step in which it is used up is finished."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    max_minutes: float | None = Field(None, gt=0.0)
    """Wall time, with loading, baseline and evaluations."""
    max_tokens: int | None = Field(None, ge=1)
    """Tokens of the examples that went through training."""
    max_cost: float | None = Field(None, gt=0.0)
    """What the run may cost, in the money of `cost_per_hour`."""
    cost_per_hour: float | None = Field(None, gt=0.0)
    """What an hour of this machine costs; the cost is this times the wall time."""
    on_exceed: Literal["checkpoint_and_stop"] = "checkpoint_and_stop"
    """Evaluate, save, and complete with what there is."""

    def cost_at(self, seconds: float) -> float | None:
        """Return what a run of so many seconds costs; None where no price is known."""
        return None if self.cost_per_hour is None else self.cost_per_hour * seconds / 3600.0

    @model_validator(mode="after")
    def _limits_something(self) -> "Budget":
        if self.max_cost is not None and self.cost_per_hour is None:
            raise ValueError("budget.max_cost needs budget.cost_per_hour: nobody else knows what an hour costs")
        if self.max_minutes is None and self.max_tokens is None and self.max_cost is None:
            raise ValueError("budget limits nothing: give max_minutes, max_tokens or max_cost, or leave budget out")
        return self
