"""The page of a training's curves: loss, delta, learning rate and gradient norm over the same steps."""

from collections.abc import Sequence
from dataclasses import dataclass

from brewslm.core.curves.drawing import THEMES, Dot, Drawing, Label, Line, Mark, Theme, ThemeName
from brewslm.core.curves.panel import LEFT, RIGHT, WIDTH, Panel, smoothed
from brewslm.core.curves.scale import Scale, scale_for
from brewslm.core.curves.series import Curves, Marker
from brewslm.core.curves.thinning import Point

_MIN_TO_SMOOTH = 150
_LOG_FROM = 40.0
_MAX_TOLD = 6
_TITLE_CHARACTERS = 84
_HEIGHTS = {"loss": 210, "delta": 170, "rate": 80, "norm": 120}
_GAP, _TOP = 56, 124


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands above the curves."""

    title: str
    subtitle: str
    unit: str
    """What the loss is a mean over."""
    max_grad_norm: float | None = None
    """From where gradients are clipped."""


def page_of(curves: Curves, caption: Caption, *, theme: ThemeName = "light") -> Drawing:
    """Lay the curves out on a page that can be read at its own 800 pixels."""
    colours = THEMES[theme]
    steps = Scale(0, max(curves.total_steps, curves.last_step, 1), LEFT, RIGHT)
    marks: list[Mark] = [
        Label((LEFT - 48, 36), caption.title[:_TITLE_CHARACTERS], colours.ink, 17, is_strong=True),
        Label((LEFT - 48, 58), caption.subtitle, colours.muted, 12.5),
    ]
    top = float(_TOP)
    panels = []
    for make, name in ((_loss, "loss"), (_delta, "delta"), (_rate, "rate"), (_norm, "norm")):
        bottom = top + _HEIGHTS[name]
        panels.append(make(curves, caption, _Place(colours, steps, top, bottom)))
        top = bottom + _GAP
    panels[-1].step_axis()
    bottom = panels[-1].bottom
    told = _told(curves.markers)
    rules = _rules(told, steps, panels, colours)
    frames = [mark for panel in panels for mark in panel.marks]
    notes = _notes(told, bottom + 62, colours, num_more=len(curves.markers) - len(told))
    height = round(bottom + 52 + (20 * len(told) + 14 if told else 0))
    return Drawing(WIDTH, height, colours.background, caption.title, (*marks, *rules, *frames, *notes))


@dataclass(frozen=True, slots=True)
class _Place:
    theme: Theme
    steps: Scale
    top: float
    bottom: float

    def panel(self, values: Scale) -> Panel:
        return Panel(self.theme, self.steps, values, self.top, self.bottom)


def _loss(curves: Curves, caption: Caption, place: _Place) -> Panel:
    theme = place.theme
    evaluated = [(one.step, one.loss) for one in curves.evaluated if one.loss is not None]
    base = [curves.base_eval_loss] if curves.base_eval_loss is not None else []
    values = [*_measured(curves.loss), *(loss for _, loss in evaluated), *base]
    panel = place.panel(scale_for(values or [0.0, 1.0], place.bottom, place.top, log_from=_LOG_FROM))
    legend = [("train", theme.train, False), ("eval", theme.evaluated, False)]
    panel.frame("Loss", caption.unit, [*legend, *([("untuned base, eval", theme.muted, True)] if base else [])])
    for level in base:
        panel.level(level, theme.muted)
    _noisy(panel, curves.loss)
    panel.line(evaluated, theme.evaluated, 1.8)
    panel.dots(evaluated, theme.evaluated)
    for step, loss in evaluated:
        if step == curves.best_step:
            at = (place.steps.at(step), panel.values.at(loss))
            panel.marks.append(Dot(at, 5, theme.background, theme.evaluated, 2))
            anchor, x = ("end", at[0] - 9) if at[0] > (LEFT + RIGHT) / 2 else ("start", at[0] + 9)
            panel.marks.append(Label((x, at[1] - 9), f"best {loss:.4f}", theme.evaluated, 11.5, anchor))  # type: ignore[arg-type]
    return panel


def _delta(curves: Curves, _caption: Caption, place: _Place) -> Panel:
    theme = place.theme
    compared = [(one.step, one.delta) for one in curves.evaluated if one.delta is not None]
    band = [(one.step, one.low, one.high) for one in curves.evaluated if one.low is not None and one.high is not None]
    values = [*_measured(curves.delta), *(delta for _, delta in compared), *(end for _, *ends in band for end in ends)]
    panel = place.panel(scale_for([*values, 0.0], place.bottom, place.top, has_zero=True))
    legend = [("train, same batch", theme.train, False), ("eval, 95 % interval", theme.evaluated, False)]
    panel.frame("Delta", "tuned minus base, below zero is better", legend)
    panel.level(0.0, theme.muted, "doing nothing")
    _noisy(panel, curves.delta)
    panel.band(band, theme.evaluated)
    panel.line(compared, theme.evaluated, 1.8)
    panel.dots(compared, theme.evaluated)
    return panel


def _rate(curves: Curves, _caption: Caption, place: _Place) -> Panel:
    values = [*_measured(curves.learning_rate), 0.0]
    panel = place.panel(scale_for(values, place.bottom, place.top, has_zero=True))
    panel.frame("Learning rate", "per step", [])
    panel.line(curves.learning_rate, place.theme.rate, 1.8)
    return panel


def _norm(curves: Curves, caption: Caption, place: _Place) -> Panel:
    theme, limit = place.theme, caption.max_grad_norm
    values = _measured(curves.grad_norm) or [0.0, 1.0]
    panel = place.panel(scale_for(values, place.bottom, place.top, has_zero=True, log_from=_LOG_FROM))
    is_seen = limit is not None and panel.values.low < limit < panel.values.high
    legend = [(f"clipped above {limit:g}", theme.muted, True)] if limit is not None and is_seen else []
    scale = ", logarithmic" if panel.values.is_log else ""
    panel.frame("Gradient norm", f"before clipping{scale}", legend)
    if limit is not None and is_seen:
        panel.level(limit, theme.muted)
    panel.line(curves.grad_norm, theme.train, 1.3)
    return panel


def _noisy(panel: Panel, points: Sequence[Point]) -> None:
    """Draw a noisy series: as it is, and where it is long, its course above it."""
    theme = panel.theme
    if len(points) < _MIN_TO_SMOOTH:
        panel.line(points, theme.train)
        return
    panel.line(points, theme.train_faint, 1.0)
    panel.line(smoothed(points), theme.train, 1.8)


def _measured(points: Sequence[Point]) -> list[float]:
    return [value for _, value in points if value is not None]


def _told(markers: Sequence[Marker]) -> tuple[Marker, ...]:
    """Take the newest, in order of time."""
    return tuple(markers[-_MAX_TOLD:])


def _rules(markers: Sequence[Marker], steps: Scale, panels: Sequence[Panel], theme: Theme) -> list[Mark]:
    """Draw a line through all panels for each marker, with its number on top."""
    found: list[Mark] = []
    taken: list[float] = []  # where badges are already
    for number, marker in enumerate(markers, start=1):
        x, colour = steps.at(marker.step), _colour(marker, theme)
        found += [Line(((x, panel.top), (x, panel.bottom)), colour, 1, (2, 3)) for panel in panels]
        beside = max([x, *(other + 16 for other in taken if other + 16 > x)])
        taken.append(beside)
        found += _badge(beside, _TOP - 38, number, colour, theme)
    return found


def _notes(markers: Sequence[Marker], top: float, theme: Theme, *, num_more: int) -> list[Mark]:
    """Say what each number means, below the curves."""
    found: list[Mark] = []
    for number, marker in enumerate(markers, start=1):
        y = top + 20 * (number - 1)
        more = f"  (and {num_more} before)" if number == 1 and num_more else ""
        found += _badge(LEFT - 40, y - 4, number, _colour(marker, theme), theme)
        found.append(Label((LEFT - 26, y), f"step {marker.step:,}: {marker.text}{more}", theme.ink, 11.5))
    return found


def _badge(x: float, y: float, number: int, colour: str, theme: Theme) -> list[Mark]:
    return [Dot((x, y), 7, colour, colour, 0), Label((x, y + 3.6), str(number), theme.background, 10, "middle")]


def _colour(marker: Marker, theme: Theme) -> str:
    return theme.recovery if marker.kind == "recovery" else theme.not_finite
