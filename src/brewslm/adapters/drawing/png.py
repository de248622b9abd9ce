"""PNG of a drawing, by Pillow and the typeface that it brings, so that no font of the machine is needed."""

import io
from itertools import pairwise
from math import hypot
from typing import TYPE_CHECKING

from brewslm.core.curves.drawing import Area, Dot, Drawing, Label, Line, Place

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

PIXELS = 2
"""Of the PNG, to one of the drawing; on a screen of today it is as sharp as the screen."""
_SAMPLES = 2
"""Painted to one pixel and averaged, in each direction, which makes edges smooth."""
_SCALE = PIXELS * _SAMPLES
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


class PillowPainter:
    """Implements `core.curves.drawing.Painter`."""

    def png(self, drawing: Drawing) -> bytes:
        """Return a PNG of the drawing, at twice its size."""
        from PIL import Image, ImageDraw

        size = (drawing.width * _SCALE, drawing.height * _SCALE)
        image = Image.new("RGB", size, drawing.background)
        brush = ImageDraw.Draw(image, "RGBA")
        for mark in drawing.marks:
            match mark:
                case Line():
                    _line(brush, mark)
                case Area():
                    _area(brush, mark)
                case Dot():
                    _dot(brush, mark)
                case Label():
                    _label(brush, mark)
        small = image.resize((drawing.width * PIXELS, drawing.height * PIXELS), Image.Resampling.BOX)
        stream = io.BytesIO()
        small.save(stream, "PNG", optimize=True)
        return stream.getvalue()


def _scaled(points: tuple[Place, ...]) -> list[Place]:
    return [(x * _SCALE, y * _SCALE) for x, y in points]


def _line(brush: "ImageDraw", mark: Line) -> None:
    width = max(1, round(mark.width * _SCALE))
    if mark.dash is None:
        brush.line(_scaled(mark.points), fill=mark.colour, width=width, joint="curve")
        return
    for begin, end in _dashes(mark.points, *mark.dash):
        brush.line(_scaled((begin, end)), fill=mark.colour, width=width)


def _dashes(points: tuple[Place, ...], stroke: float, gap: float) -> list[tuple[Place, Place]]:
    """Cut a line into strokes."""
    found = []
    for (x0, y0), (x1, y1) in pairwise(points):
        length = hypot(x1 - x0, y1 - y0) or 1.0
        begin = 0.0
        while begin < length:
            near, far = begin / length, min(1.0, (begin + stroke) / length)
            start = (x0 + near * (x1 - x0), y0 + near * (y1 - y0))
            found.append((start, (x0 + far * (x1 - x0), y0 + far * (y1 - y0))))
            begin += stroke + gap
    return found


def _area(brush: "ImageDraw", mark: Area) -> None:
    alpha = f"{round(mark.opacity * 255):02x}"
    brush.polygon(_scaled(mark.points), fill=f"{mark.colour}{alpha}")


def _dot(brush: "ImageDraw", mark: Dot) -> None:
    x, y = mark.at
    outer = mark.radius + mark.edge_width / 2
    for radius, colour in ((outer, mark.edge), (mark.radius - mark.edge_width / 2, mark.fill)):
        box = [(x - radius) * _SCALE, (y - radius) * _SCALE, (x + radius) * _SCALE, (y + radius) * _SCALE]
        brush.ellipse(box, fill=colour)


def _label(brush: "ImageDraw", mark: Label) -> None:
    from PIL import ImageFont

    font = ImageFont.load_default(mark.size * _SCALE)
    x, y = mark.at
    stroke = 0.012 * mark.size * _SCALE if mark.is_strong else 0.0
    text = mark.text.encode("latin-1", "replace").decode("latin-1")  # what the typeface has
    brush.text(
        (x * _SCALE, y * _SCALE),
        text,
        fill=mark.colour,
        font=font,
        anchor=_ANCHORS[mark.anchor],
        stroke_width=stroke,
    )
