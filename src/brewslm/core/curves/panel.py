"""One panel of the page: a frame with two axes, and what is drawn in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from brewslm.core.curves.drawing import Area, Dot, Label, Line, Mark, Theme
from brewslm.core.curves.scale import Scale, spelled
from brewslm.core.curves.thinning import Point, thinned

LEFT, RIGHT, WIDTH = 72, 776, 800
MAX_POINTS = 1_400
"""Of one series: twice as many as there are pixels across, so that lowest and highest of each column stay."""
MAX_DOTS = 80
_CHARACTER = 0.51
"""Width of a character to the size of its type, on the safe side."""


@dataclass(slots=True)
class Panel:
    """A panel between two heights; marks are gathered from back to front."""

    theme: Theme
    steps: Scale
    values: Scale
    top: float
    bottom: float
    marks: list[Mark] = field(default_factory=list)

    def frame(self, title: str, unit: str, legend: Sequence[tuple[str, str, bool]]) -> None:
        """Draw title, legend, grid and axis; the legend is text, colour, and whether its line is dashed."""
        theme, ticks = self.theme, self.values.ticks(max(3, round((self.bottom - self.top) / 34)))
        self.marks.append(Label((LEFT - 48, self.top - 14), title, theme.ink, 13, is_strong=True))
        after = LEFT - 48 + 13 * 0.57 * len(title) + 8
        self.marks.append(Label((after, self.top - 14), unit, theme.muted, 11.5))
        distance = min((b - a for a, b in pairwise(ticks)), default=abs(ticks[0]) if ticks else 1.0)
        for tick in ticks:
            y = self.values.at(tick)
            self.marks.append(Line(((LEFT, y), (RIGHT, y)), theme.grid))
            number = spelled(tick, tick if self.values.is_log else distance)
            self.marks.append(Label((LEFT - 8, y + 4), number, theme.muted, 11, "end"))
        self.marks.append(Line(((LEFT, self.bottom), (RIGHT, self.bottom)), theme.axis))
        right = float(RIGHT)
        for text, colour, is_dashed in reversed(legend):
            self.marks.append(Label((right, self.top - 14), text, theme.muted, 11, "end"))
            right -= 11 * _CHARACTER * len(text) + 6
            y = self.top - 18
            self.marks.append(Line(((right - 18, y), (right, y)), colour, 2, (4, 3) if is_dashed else None))
            right -= 34

    def step_axis(self) -> None:
        """Number the steps below the panel."""
        for tick in self.steps.ticks(8):
            x = self.steps.at(tick)
            self.marks.append(Line(((x, self.bottom), (x, self.bottom + 4)), self.theme.axis))
            self.marks.append(Label((x, self.bottom + 18), f"{tick:,.0f}", self.theme.muted, 11, "middle"))
        self.marks.append(Label((RIGHT, self.bottom + 36), "optimiser step", self.theme.muted, 11.5, "end"))

    def line(self, points: Sequence[Point], colour: str, width: float = 1.4) -> None:
        """Draw a series; where a number was not finite, the line is broken."""
        for is_measured, run in groupby(thinned(points, MAX_POINTS), key=lambda point: point[1] is not None):
            places = [(self.steps.at(step), self.values.at(value)) for step, value in run if value is not None]
            if is_measured and len(places) == 1:
                self.marks.append(Dot(places[0], width, colour, colour, 0))
            elif is_measured:
                self.marks.append(Line(tuple(places), colour, width))

    def dots(self, points: Sequence[tuple[int, float]], colour: str) -> None:
        """Draw points that are worth seeing each; where there are too many for that, none."""
        for step, value in points if len(points) <= MAX_DOTS else ():
            self.marks.append(Dot((self.steps.at(step), self.values.at(value)), 2.2, colour, self.theme.background, 1))

    def band(self, points: Sequence[tuple[int, float, float]], colour: str) -> None:
        """Fill between low and high."""
        upper = [(self.steps.at(step), self.values.at(high)) for step, _, high in points]
        lower = [(self.steps.at(step), self.values.at(low)) for step, low, _ in points]
        if len(points) > 1:
            self.marks.append(Area((*upper, *reversed(lower)), colour, 0.16))
        else:
            self.marks += [Line((high, low), colour, 1.5) for high, low in zip(upper, lower, strict=True)]

    def level(self, value: float, colour: str, text: str = "") -> None:
        """Draw a dashed line across."""
        y = self.values.at(value)
        self.marks.append(Line(((LEFT, y), (RIGHT, y)), colour, 1.3, (5, 4)))
        if text:
            self.marks.append(Label((LEFT + 6, y - 5), text, colour, 11))


def smoothed(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return the running mean of a series, which forgets over a thirtieth of it and begins without bias."""
    keep = 1.0 - 1.0 / max(1.0, len(points) / 30)
    total = weight = 0.0
    found: list[Point] = []
    for step, value in points:
        if value is None:
            found.append((step, None))
            continue
        total, weight = keep * total + value, keep * weight + 1.0
        found.append((step, total / weight))
    return tuple(found)
