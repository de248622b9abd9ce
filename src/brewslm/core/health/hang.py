"""When a worker is taken to hang: one notion of it, for who stands beside it and for who comes by."""

from brewslm.core.health.thresholds import StallThresholds

_COMPUTES = frozenset({"training", "evaluating"})
"""Phases that need the processor all the time; the others wait for a disk, too."""


def pulse_limit(phase: str, limits: StallThresholds, *, step_seconds: float | None, is_busy: bool | None) -> float:
    """Return how long a worker may go without a pulse, in seconds.

    Args:
        phase: what its last pulse said that it does; anything else counts as starting.
        limits: the thresholds that count.
        step_seconds: what a step usually takes, where that is known.
        is_busy: whether it has used the processor lately (it may be slow, and not hang); None where nobody knows.
    """
    least = {
        "training": limits.training_seconds,
        "evaluating": limits.evaluating_seconds,
        "saving": limits.saving_seconds,
    }.get(phase, limits.starting_seconds)
    if is_busy:
        least *= limits.busy_times
    elif is_busy is not None and phase in _COMPUTES:
        least = min(least, limits.idle_seconds)
    return max(least, limits.training_medians * (step_seconds or 0.0))
