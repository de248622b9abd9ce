"""Turning a drawing into pixels."""

from typing import Protocol

from brewslm.core.curves.drawing import Drawing


class Painter(Protocol):
    """Paints."""

    def png(self, drawing: Drawing) -> bytes:
        """Return a PNG of the drawing, at twice its size. The same drawing gives the same bytes."""
