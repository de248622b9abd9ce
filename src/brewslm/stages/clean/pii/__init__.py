"""Personal data and secrets in texts: where they are, and what stands there instead."""

from brewslm.stages.clean.pii.find import find
from brewslm.stages.clean.pii.spans import KINDS, Kind, Span

__all__ = ["KINDS", "Kind", "Span", "find"]
