"""How often a training says how it is, and saves."""

from typing import Literal

from pydantic import Field

from brewslm.core.value import Described


class MonitorSettings(Described):
    """Cadences, in optimiser steps."""

    log_every: int = Field(5, ge=1)
    """Steps between records in `log.jsonl`."""
    eval_every: int = Field(50, ge=1)
    """Steps between evaluations on the eval split; the last step is always evaluated."""
    checkpoint_every: int = Field(50, ge=1)
    """Steps between checkpoints; the last step is always saved."""
    keep_checkpoints: int = Field(2, ge=1)
    """Newest checkpoints that are kept beside the best one."""
    on_plateau: Literal["none", "lower_lr", "stop"] = "none"
    """What is done by itself when the loss no longer falls: nothing but an alert (`none`), half the learning rate, at
    most twice (`lower_lr`), or an end with the best checkpoint (`stop`)."""
