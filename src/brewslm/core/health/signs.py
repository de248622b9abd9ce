"""Signs of life of a worker, as they are remembered from look to look; who looks may be another process each time.

Only changes count, by a steady clock, never the time that a file names: clocks jump, machines sleep.
"""

from dataclasses import dataclass

from brewslm.core.health.hang import pulse_limit
from brewslm.core.health.thresholds import StallThresholds
from brewslm.core.value import Value


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look finds."""

    boot_id: str
    now: float
    """Seconds of the steady clock of that start of the machine."""
    beat: str
    """Of the shim."""
    pulse: str
    """Of the worker: its phase, and a number."""
    journal: str
    """How long its journal is: a sign of life of work that has no pulse of its own."""
    processor_seconds: float | None
    """What the worker has used so far; None where that cannot be known."""


class Signs(Value):
    """What was seen last, and since when it is so."""

    boot_id: str
    looked_at: float
    beat: str
    beat_at: float
    pulse: str
    journal: str
    pulse_at: float
    processor_seconds: float | None
    busy_at: float

    @property
    def phase(self) -> str:
        """What the worker does, by its own word."""
        return (self.pulse.split(maxsplit=1) or ["starting"])[0]


def first_signs(seen: Sight) -> Signs:
    """Begin to watch."""
    return Signs(
        boot_id=seen.boot_id,
        looked_at=seen.now,
        beat=seen.beat,
        beat_at=seen.now,
        pulse=seen.pulse,
        journal=seen.journal,
        pulse_at=seen.now,
        processor_seconds=seen.processor_seconds,
        busy_at=seen.now,
    )


def renewed(before: Signs | None, seen: Sight, *, blind_seconds: float = 0.0) -> Signs:
    """Return the signs after one more look.

    Args:
        before: as they were; None at first. Of another start of the machine they say nothing.
        seen: what is there now.
        blind_seconds: time since the last look that does not count, because who looks stood still, too.
    """
    if before is None or before.boot_id != seen.boot_id or seen.now < before.looked_at:
        return first_signs(seen)
    used = seen.processor_seconds if seen.processor_seconds is not None else before.processor_seconds
    has_pulse = (seen.pulse, seen.journal) != (before.pulse, before.journal)
    return Signs(
        boot_id=seen.boot_id,
        looked_at=seen.now,
        beat=seen.beat,
        beat_at=seen.now if seen.beat != before.beat else before.beat_at + blind_seconds,
        pulse=seen.pulse,
        journal=seen.journal,
        pulse_at=seen.now if has_pulse else before.pulse_at + blind_seconds,
        processor_seconds=used,
        # A new worker begins to count anew.
        busy_at=seen.now if used != before.processor_seconds else before.busy_at + blind_seconds,
    )


def trouble_of(signs: Signs, limits: StallThresholds, *, step_seconds: float | None) -> str:
    """Say why the worker is taken to hang; empty while it gets on.

    Args:
        signs: of the last look.
        limits: the thresholds that count.
        step_seconds: what a step usually takes, where that is known.
    """
    now = signs.looked_at
    silent = now - signs.beat_at
    if silent > limits.beat_seconds:
        return f"its shim gave no beat for {silent:.0f} s"
    still, idle = now - signs.pulse_at, now - signs.busy_at
    patience = pulse_limit(signs.phase, limits, step_seconds=step_seconds, is_busy=False)
    is_busy = None if signs.processor_seconds is None else idle < patience / 2
    if still <= pulse_limit(signs.phase, limits, step_seconds=step_seconds, is_busy=is_busy):
        return ""
    how = {True: ", busy", False: ", without using the processor", None: ""}[is_busy]
    return f"it did not get on for {still:.0f} s while {signs.phase}{how}"
