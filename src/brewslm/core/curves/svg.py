"""A drawing as SVG. The same drawing gives the same bytes."""

from html import escape

from brewslm.core.curves.drawing import Area, Dot, Drawing, Label, Line, Mark, Place

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def svg_of(drawing: Drawing) -> str:
    """Spell a drawing."""
    width, height, title = drawing.width, drawing.height, escape(drawing.title)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"',
        f' role="img" font-family="{_FONT}">',
        f"<title>{title}</title>",
        f'<rect width="{width}" height="{height}" fill="{drawing.background}"/>',
        *(_spelled(mark) for mark in drawing.marks),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _spelled(mark: Mark) -> str:
    match mark:
        case Line():
            dash = "" if mark.dash is None else f' stroke-dasharray="{_number(mark.dash[0])} {_number(mark.dash[1])}"'
            return (
                f'<polyline points="{_places(mark.points)}" fill="none" stroke="{mark.colour}" '
                f'stroke-width="{_number(mark.width)}" stroke-linejoin="round" stroke-linecap="round"{dash}/>'
            )
        case Area():
            places = _places(mark.points)
            return f'<polygon points="{places}" fill="{mark.colour}" fill-opacity="{_number(mark.opacity)}"/>'
        case Dot():
            x, y = mark.at
            return (
                f'<circle cx="{_number(x)}" cy="{_number(y)}" r="{_number(mark.radius)}" fill="{mark.fill}" '
                f'stroke="{mark.edge}" stroke-width="{_number(mark.edge_width)}"/>'
            )
        case Label():
            x, y = mark.at
            anchor = "" if mark.anchor == "start" else f' text-anchor="{mark.anchor}"'
            weight = ' font-weight="600"' if mark.is_strong else ""
            return (
                f'<text x="{_number(x)}" y="{_number(y)}" font-size="{_number(mark.size)}" '
                f'fill="{mark.colour}"{anchor}{weight}>{escape(_printable(mark.text))}</text>'
            )


def _places(points: tuple[Place, ...]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _number(value: float) -> str:
    """Spell a number with at most two decimals."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _printable(text: str) -> str:
    """Leave out what XML cannot hold."""
    return "".join(character for character in text if character.isprintable())
