"""The page of curves: the same bytes each time, readable marks, and no input that it cannot draw."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brewslm.adapters.drawing.png import PIXELS, PillowPainter
from brewslm.core.curves.drawing import THEMES, Drawing, Label, Line
from brewslm.core.curves.page import Caption, page_of
from brewslm.core.curves.panel import LEFT, RIGHT
from brewslm.core.curves.scale import round_step, scale_for, spelled
from brewslm.core.curves.series import Curves, Evaluated, Marker
from brewslm.core.curves.svg import svg_of

CAPTION = Caption("exp-001   <tiny> & co", "eval loss", "nats per trained token", max_grad_norm=1.0)
SVG = "{http://www.w3.org/2000/svg}"


def run(num: int = 200, *, spike_at: int | None = None) -> Curves:
    steps = range(1, num + 1)
    loss = [(step, 50.0 if step == spike_at else 2.0 + 1.0 / step) for step in steps]
    return Curves(
        total_steps=num,
        base_eval_loss=3.0,
        best_step=num,
        loss=loss,
        delta=[(step, value - 3.0) for step, value in loss if value is not None],
        learning_rate=[(step, 5e-4 * step / num) for step in steps],
        grad_norm=[(step, 1.0 + step % 5 / 10) for step in steps],
        evaluated=[Evaluated(step, 2.2, -0.8, -0.9, -0.7) for step in range(50, num + 1, 50)],
        markers=[Marker(40, "recovery", "lost, resumed from step 30"), Marker(41, "not_finite", "loss not finite")],
    )


def texts(drawing: Drawing) -> list[str]:
    return [mark.text for mark in drawing.marks if isinstance(mark, Label)]


def test_the_page_says_what_each_panel_shows_and_in_which_unit() -> None:
    told = texts(page_of(run(), CAPTION))
    for words in ("Loss", "nats per trained token", "Delta", "doing nothing", "eval, 95 % interval", "Learning rate"):
        assert words in told
    assert {"Gradient norm", "optimiser step", "clipped above 1", "best 2.2000"} <= set(told)
    assert "step 40: lost, resumed from step 30" in told


@pytest.mark.parametrize("theme", THEMES)
def test_the_same_curves_give_the_same_bytes(theme: str) -> None:
    drawings = [page_of(run(), CAPTION, theme=theme) for _ in range(2)]  # type: ignore[arg-type]
    first, second = map(svg_of, drawings)
    assert first == second
    root = ET.fromstring(first)  # noqa: S314 - our own
    assert root.findtext(f"{SVG}title") == CAPTION.title
    assert (root.get("width"), root.find(f"{SVG}rect").get("fill")) == ("800", THEMES[theme].background)  # type: ignore[union-attr,index]


def test_the_png_has_twice_the_size_and_the_same_bytes_each_time() -> None:
    import io

    from PIL import Image

    drawing = page_of(run(), CAPTION)
    picture, again = PillowPainter().png(drawing), PillowPainter().png(drawing)
    assert picture == again
    with Image.open(io.BytesIO(picture)) as image:
        assert image.size == (drawing.width * PIXELS, drawing.height * PIXELS)
        assert len(image.getcolors(1 << 24) or []) > 50, "something must be drawn"


def test_a_spike_of_one_step_in_a_long_run_reaches_the_page() -> None:
    lines = [mark for mark in page_of(run(20_000, spike_at=12_345), CAPTION).marks if isinstance(mark, Line)]
    faint = next(mark for mark in lines if mark.colour == THEMES["light"].train_faint)
    x, _ = min(faint.points, key=lambda place: place[1])
    assert x == pytest.approx(LEFT + 12_345 / 20_000 * (RIGHT - LEFT))
    assert sum(len(mark.points) for mark in lines) < 8_000


def test_zero_is_on_the_axis_of_delta_also_where_all_is_below() -> None:
    scale = scale_for([-0.9, -0.5], 100.0, 0.0, has_zero=True)
    assert 0.0 < scale.at(0.0) < 100.0


_NUMBERS = st.floats(-1e12, 1e12) | st.none()


@settings(max_examples=60)
@given(st.lists(_NUMBERS, max_size=80), st.lists(_NUMBERS, max_size=6), st.integers(0, 100))
def test_whatever_was_measured_can_be_drawn(values: list[float | None], evals: list[float | None], total: int) -> None:
    points = list(enumerate(values, start=1))
    curves = Curves(
        total_steps=total,
        loss=points,
        delta=points,
        learning_rate=points,
        grad_norm=points,
        evaluated=[Evaluated(step, value, value, value, value) for step, value in enumerate(evals, start=1)],
        best_step=1,
        markers=[Marker(step, "not_finite", "loss") for step, value in points if value is None],
    )
    drawing = page_of(curves, CAPTION)
    ET.fromstring(svg_of(drawing))  # noqa: S314 - our own
    places = [place for mark in drawing.marks if isinstance(mark, Line) for place in mark.points]
    assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in places)


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [
        (0.005, 0.005, "0.005"),
        (0.01, 0.005, "0.010"),
        (0.0, 1.0, "0"),
        (2.0, 1.0, "2"),
        (2.5, 0.5, "2.5"),
        (0.75, 0.25, "0.75"),
        (5e-4, 1e-4, "5e-4"),
    ],
)
def test_ticks_are_spelled_as_short_as_they_can_be_told_apart(value: float, step: float, text: str) -> None:
    assert spelled(value, step) == text


@given(st.floats(1e-9, 1e9))
def test_steps_of_an_axis_are_round_and_large_enough(least: float) -> None:
    step = round_step(least)
    assert least * (1 - 1e-6) <= step <= 2.6 * least
