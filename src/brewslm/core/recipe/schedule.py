"""The learning rate over time."""

from typing import Literal

from pydantic import Field

from brewslm.core.value import Value


class ScheduleSettings(Value):
    """Linear warm-up, then the named decay to `min_lr_ratio` of the peak."""

    lr_schedule: Literal["cosine_warmup", "linear", "constant"] = "cosine_warmup"
    """Shape after the warm-up."""
    warmup_steps: int = Field(10, ge=0)
    """Optimiser steps from 0 to the peak."""
    min_lr_ratio: float = Field(0.1, ge=0.0, le=1.0)
    """Learning rate at the last step over the peak."""
