"""Whether a living worker gets on, judged by what changes on disk and by this process's own clock."""

from pathlib import Path

from brewslm.core.health.signs import first_signs, renewed, trouble_of
from brewslm.core.health.thresholds import StallThresholds
from brewslm.core.ports.clock import Clock
from brewslm.core.ports.engine import Engine
from brewslm.services.monitoring.sight import look_at

LOOK_EVERY_SECONDS = 5.0
LATE_TIMES = 3.0
"""A look that comes so many times later than it should: the watcher itself was held up, as in a paused machine."""


class Liveness:
    """Watches one worker."""

    def __init__(self, clock: Clock, engine: Engine, run_directory: Path, limits: StallThresholds) -> None:
        """Begin to watch now."""
        self._clock, self._engine, self._folder, self._limits = clock, engine, run_directory, limits
        self._signs = first_signs(look_at(run_directory, clock, engine))

    def trouble(self, *, step_seconds: float | None) -> str:
        """Say why the worker is taken to hang; empty while it gets on.

        Args:
            step_seconds: what a step usually takes, where that is known.
        """
        waited = self._clock.monotonic() - self._signs.looked_at
        if waited < LOOK_EVERY_SECONDS:
            return ""
        blind = waited if waited > LATE_TIMES * LOOK_EVERY_SECONDS else 0.0
        seen = look_at(self._folder, self._clock, self._engine)
        self._signs = renewed(self._signs, seen, blind_seconds=blind)
        return trouble_of(self._signs, self._limits, step_seconds=step_seconds)
