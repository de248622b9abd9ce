"""A drawing as a value: marks in pixels, which `svg` spells and a painter paints."""

from dataclasses import dataclass
from typing import Literal, Protocol

Anchor = Literal["start", "middle", "end"]
Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points."""

    points: tuple[Place, ...]
    colour: str
    width: float = 1.0
    dash: tuple[float, float] | None = None
    """Lengths of stroke and gap."""


@dataclass(frozen=True, slots=True)
class Area:
    """A filled polygon that lets shine through what is behind it."""

    points: tuple[Place, ...]
    colour: str
    opacity: float


@dataclass(frozen=True, slots=True)
class Dot:
    """A circle."""

    at: Place
    radius: float
    fill: str
    edge: str
    edge_width: float = 1.5


@dataclass(frozen=True, slots=True)
class Label:
    """One line of text; `at` is on its base line."""

    at: Place
    text: str
    colour: str
    size: float = 12.0
    anchor: Anchor = "start"
    is_strong: bool = False


Mark = Line | Area | Dot | Label


@dataclass(frozen=True, slots=True)
class Drawing:
    """Marks on a page, from back to front."""

    width: int
    height: int
    background: str
    title: str
    """For who cannot see it."""
    marks: tuple[Mark, ...]


class Painter(Protocol):
    """Turns drawings into pixels: a port."""

    def png(self, drawing: Drawing) -> bytes:
        """Return a PNG of the drawing, at twice its size. The same drawing gives the same bytes."""


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a page."""

    background: str
    ink: str
    muted: str
    grid: str
    axis: str
    train: str
    train_faint: str
    evaluated: str
    rate: str
    recovery: str
    not_finite: str


ThemeName = Literal["light", "dark"]

THEMES: dict[ThemeName, Theme] = {
    "light": Theme(
        background="#ffffff",
        ink="#1b1f24",
        muted="#667080",
        grid="#eceff3",
        axis="#b6bec9",
        train="#2563ad",
        train_faint="#b9d0ec",
        evaluated="#d1570b",
        rate="#3f7d58",
        recovery="#7a4fc4",
        not_finite="#d11f2e",
    ),
    "dark": Theme(
        background="#14171c",
        ink="#e8ebf0",
        muted="#98a2b1",
        grid="#262b33",
        axis="#4a5260",
        train="#6ea8ef",
        train_faint="#2c4568",
        evaluated="#f29a56",
        rate="#72bd92",
        recovery="#b497f0",
        not_finite="#ff6b74",
    ),
}
