"""Findings: what a check saw, at what level, and what to do about it."""

from typing import Literal

from brewslm.core.reason import Reason
from brewslm.core.value import Value

Level = Literal["ok", "warn", "block", "unknown"]


class Finding(Value):
    """What one check saw, and what to do about it."""

    check: str
    level: Level
    seen: str
    """What was found, with numbers; one line."""
    next_step: str = ""
    reason: Reason | None = None
    """The reason under which a block is recorded."""


def counted(number: int, thing: str, things: str = "") -> str:
    """Count things in words for people: `1 problem`, `2 problems`; `things` where that is no plain plural."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"
