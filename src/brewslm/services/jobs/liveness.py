"""Whether a living worker gets on, judged by what changes on disk and by this process's own clock."""

from pathlib import Path

from brewslm.core.health.hang import pulse_limit
from brewslm.core.health.thresholds import StallThresholds
from brewslm.core.ports.clock import Clock
from brewslm.core.ports.engine import Engine
from brewslm.core.wire.rundir import BEAT_FILE, LOG_FILE, PULSE_FILE

LOOK_EVERY_SECONDS = 5.0
LATE_TIMES = 3.0
"""A look that comes so many times later than it should: the watcher itself was held up, and saw nothing meanwhile."""


class Liveness:
    """Watches one worker. Only changes count, never the time that a file names: clocks jump, machines sleep."""

    def __init__(self, clock: Clock, engine: Engine, run_directory: Path, limits: StallThresholds) -> None:
        """Begin to watch now."""
        self._clock, self._engine, self._folder, self._limits = clock, engine, run_directory, limits
        now = clock.monotonic()
        self._looked_at = now
        self._seen: dict[str, bytes] = {}
        self._changed_at = {BEAT_FILE: now, PULSE_FILE: now}
        self._processor: float | None = None
        self._busy_at = now

    def trouble(self, *, step_seconds: float | None) -> str:
        """Say why the worker is taken to hang; empty while it gets on.

        Args:
            step_seconds: what a step usually takes, where that is known.
        """
        now = self._clock.monotonic()
        if now - self._looked_at < LOOK_EVERY_SECONDS:
            return ""
        if now - self._looked_at > LATE_TIMES * LOOK_EVERY_SECONDS:
            self._forgive(now - self._looked_at)
        self._looked_at = now
        self._look(now)
        silent = now - self._changed_at[BEAT_FILE]
        if silent > self._limits.beat_seconds:
            return f"its shim gave no beat for {silent:.0f} s"
        phase = b"".join(self._seen[PULSE_FILE].split(maxsplit=1)[:1]).decode(errors="replace") or "starting"
        still, idle = now - self._changed_at[PULSE_FILE], now - self._busy_at
        patience = pulse_limit(phase, self._limits, step_seconds=step_seconds, is_busy=False)
        is_busy = idle < patience / 2
        if still <= pulse_limit(phase, self._limits, step_seconds=step_seconds, is_busy=is_busy):
            return ""
        return (
            f"it did not get on for {still:.0f} s while {phase}, {'busy' if is_busy else 'without using the processor'}"
        )

    def _forgive(self, seconds: float) -> None:
        """Leave out time in which this process did not look: all may have stood still with it, as when paused."""
        self._changed_at = {name: moment + seconds for name, moment in self._changed_at.items()}
        self._busy_at += seconds

    def _look(self, now: float) -> None:
        seen = {BEAT_FILE: _content(self._folder / BEAT_FILE), PULSE_FILE: _content(self._folder / PULSE_FILE)}
        # What the journal says is a sign of life, too: of work that has no pulse of its own.
        seen[LOG_FILE] = _size(self._folder / LOG_FILE)
        for name, content in seen.items():
            if content != self._seen.get(name):
                self._changed_at[PULSE_FILE if name == LOG_FILE else name] = now
        self._seen = seen
        processor = self._engine.processor_seconds(self._folder)
        if processor is not None and processor > (self._processor or 0.0):
            self._processor, self._busy_at = processor, now


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _size(path: Path) -> bytes:
    try:
        return str(path.stat().st_size).encode()
    except OSError:
        return b""
