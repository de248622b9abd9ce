"""The learning rate as a pure function of the step."""

import math

from brewslm.core.recipe.schedule import ScheduleSettings

DECAY_SHARE = 0.2
"""Of the steps of a `wsd` schedule whose recipe names none."""


def learning_rate_at(step: int, *, peak: float, settings: ScheduleSettings, total_steps: int) -> float:
    """Return the learning rate of optimiser step `step` (from 1).

    The warm-up is linear and ends at step `warmup_steps`, or half-way where the run is shorter than twice that.
    """
    warmup = min(settings.warmup_steps, total_steps // 2)
    if step <= warmup:
        return peak * step / warmup
    if settings.lr_schedule == "constant":
        return peak
    if settings.lr_schedule == "wsd":
        num_falling = max(1, round(total_steps * (settings.decay_share or DECAY_SHARE)))
        progress = max(0.0, 1.0 - (total_steps - step) / num_falling)
        return peak * (1.0 - (1.0 - settings.min_lr_ratio) * progress)
    progress = (step - warmup) / max(1, total_steps - warmup)
    shape = 1.0 - progress if settings.lr_schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * progress))
    return peak * (settings.min_lr_ratio + (1.0 - settings.min_lr_ratio) * shape)
