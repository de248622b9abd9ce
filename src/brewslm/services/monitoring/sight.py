"""Looking at a run directory for signs of life."""

from pathlib import Path

from brewslm.core.health.signs import Sight
from brewslm.core.ports.clock import Clock
from brewslm.core.ports.engine import Engine
from brewslm.core.wire.rundir import BEAT_FILE, LOG_FILE, PULSE_FILE


def look_at(run_directory: Path, clock: Clock, engine: Engine) -> Sight:
    """Read beat, pulse, journal and processor time of the living worker."""
    return Sight(
        boot_id=clock.boot_id(),
        now=clock.monotonic(),
        beat=_content(run_directory / BEAT_FILE),
        pulse=_content(run_directory / PULSE_FILE),
        journal=_size(run_directory / LOG_FILE),
        processor_seconds=engine.processor_seconds(run_directory),
    )


def _content(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace").strip()
    except OSError:
        return ""


def _size(path: Path) -> str:
    try:
        return str(path.stat().st_size)
    except OSError:
        return ""
