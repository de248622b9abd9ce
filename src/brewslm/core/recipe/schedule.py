"""The learning rate over time."""

from typing import Literal

from pydantic import Field

from brewslm.core.value import Described


class ScheduleSettings(Described):
    """Linear warm-up, then the named shape down to `min_lr_ratio` of the peak."""

    lr_schedule: Literal["cosine_warmup", "linear", "constant", "wsd"] = "cosine_warmup"
    """Shape after the warm-up; `wsd` stays at the peak, then falls linearly (Hägele et al. 2024, arXiv:2405.18392)."""
    warmup_steps: int = Field(10, ge=0)
    """Optimiser steps from 0 to the peak."""
    decay_share: float | None = Field(None, gt=0.0, le=1.0)
    """Of `wsd`: the share of all steps in which the rate falls, at the end; None is a fifth."""
    min_lr_ratio: float = Field(0.1, ge=0.0, le=1.0)
    """Learning rate at the last step over the peak."""
