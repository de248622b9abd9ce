"""Small words: numbers, sizes, times; and text from outside made harmless."""

import os
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from brewslm.core.alerts.line import excerpt, harmless, one_line, size

__all__ = [
    "command_name",
    "duration",
    "excerpt",
    "harmless",
    "maybe",
    "one_line",
    "signed",
    "size",
    "sparkline",
    "when",
    "when_short",
]

MINUS = "\N{MINUS SIGN}"
_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "_.-~=+*#"


def duration(seconds: float) -> str:
    """Spell a number of seconds for people."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def signed(number: float, digits: int = 4) -> str:
    """Spell a difference with its sign; the minus is as wide as the plus."""
    return f"{number:+.{digits}f}".replace("-", MINUS)


def maybe(number: float | None, digits: int = 4) -> str:
    """Spell a measured number, or say that it was not measured."""
    return "not measured" if number is None else f"{number:.{digits}f}"


def when(moment: datetime | None) -> str:
    """Spell a time in the time zone of the reader."""
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def when_short(moment: datetime) -> str:
    """Spell a time for a list, without year and seconds."""
    return moment.astimezone().strftime("%b %d %H:%M")


def sparkline(values: Sequence[float], width: int, *, is_ascii: bool) -> str:
    """Draw values as bars, the newest at the right, scaled to their own range; thinned to `width` by averaging."""
    bars = _ASCII_BARS if is_ascii else _BARS
    if not values or width < 1:
        return ""
    count = min(len(values), width)
    edges = [round(index * len(values) / count) for index in range(count + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]
    low, high = min(means), max(means)
    span = (high - low) or 1.0
    return "".join(bars[min(int((mean - low) / span * len(bars)), len(bars) - 1)] for mean in means)


def command_name() -> str:
    """How the reader calls this program: `./brewslm` beside the launcher, else `brewslm`."""
    launcher = Path("brewslm")
    return "./brewslm" if launcher.is_file() and os.access(launcher, os.X_OK) else "brewslm"
