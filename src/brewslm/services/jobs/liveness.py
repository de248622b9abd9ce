"""Whether a living worker gets on, judged by what changes on disk and by this process's own clock."""

from pathlib import Path

from brewslm.core.ports.clock import Clock
from brewslm.core.ports.engine import Engine
from brewslm.core.wire.rundir import BEAT_FILE, LOG_FILE, PULSE_FILE

BEAT_LIMIT_SECONDS = 60.0
"""Without a beat of the shim, which beats once a second."""
TRAINING_LIMIT_SECONDS, OTHER_LIMIT_SECONDS = 60.0, 600.0
"""Without a pulse of the worker: between the micro-batches of steps, and in every other phase."""
STEPS_OF_PATIENCE = 10.0
BUSY_PATIENCE = 5.0
"""So many times as long is waited for a worker that uses the processor: it may be slow, and not hang."""
LOOK_EVERY_SECONDS = 5.0


class Liveness:
    """Watches one worker. Only changes count, never the time that a file names: clocks jump, machines sleep."""

    def __init__(self, clock: Clock, engine: Engine, run_directory: Path) -> None:
        """Begin to watch now."""
        self._clock, self._engine, self._folder = clock, engine, run_directory
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
        self._looked_at = now
        self._look(now)
        silent = now - self._changed_at[BEAT_FILE]
        if silent > BEAT_LIMIT_SECONDS:
            return f"its shim gave no beat for {silent:.0f} s"
        phase = self._seen[PULSE_FILE].split(maxsplit=1)[:1]
        is_training = phase == [b"training"]
        limit = TRAINING_LIMIT_SECONDS if is_training else OTHER_LIMIT_SECONDS
        limit = max(limit, STEPS_OF_PATIENCE * (step_seconds or 0.0))
        still = now - self._changed_at[PULSE_FILE]
        is_busy = now - self._busy_at < limit / 2
        if still <= (limit * BUSY_PATIENCE if is_busy else limit):
            return ""
        doing = b"".join(phase).decode(errors="replace") or "starting"
        return (
            f"it did not get on for {still:.0f} s while {doing}, {'busy' if is_busy else 'without using the processor'}"
        )

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
