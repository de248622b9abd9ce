"""Fewer points that look the same: the lowest and the highest of every stretch stay, so that no spike is lost."""

from collections.abc import Sequence

Point = tuple[int, float | None]
"""A step and what was measured there; None where the number was not finite."""


def thinned(points: Sequence[Point], max_points: int) -> tuple[Point, ...]:
    """Return at most `max_points` (six or more) of the points, in order, with the first and the last.

    Each stretch of neighbours gives its lowest and its highest point, and one that is not finite if it has one.
    """
    if len(points) <= max_points:
        return tuple(points)
    num_stretches = (max_points - 2) // 3
    inner = range(1, len(points) - 1)
    kept = {0, len(points) - 1}
    for stretch in range(num_stretches):
        places = inner[stretch * len(inner) // num_stretches : (stretch + 1) * len(inner) // num_stretches]
        measured = [(value, place) for place in places if (value := points[place][1]) is not None]
        if measured:
            kept |= {min(measured)[1], max(measured)[1]}
        kept.update([place for place in places if points[place][1] is None][:1])
    return tuple(points[place] for place in sorted(kept))
