"""Parts that every page is made of: a heading, a table, facts, next steps."""

from collections.abc import Iterable, Sequence

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from brewslm.cli.text import harmless, one_line


def heading(text: str) -> Text:
    """A line above a part, after an empty one where `text` begins with a line break."""
    return Text(("\n" if text.startswith("\n") else "") + one_line(text), style="bold")


def table(
    headers: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    right: Sequence[int] = (),
    whole: Sequence[int] = (0,),
) -> Table:
    """A table without frames. Text from outside is made harmless.

    Args:
        headers: one for each column; where all are empty there is no line of headers.
        rows: the cells.
        right: the columns of numbers.
        whole: the columns of names, which are not broken over lines.
    """
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_header=any(headers))
    for index, header in enumerate(headers):
        justify: JustifyMethod = "right" if index in right else "left"
        drawn.add_column(header, justify=justify, overflow="fold", no_wrap=index in whole)
    for row in rows:
        drawn.add_row(*(cell if isinstance(cell, Text) else Text(harmless(cell)) for cell in row))
    return drawn


def facts(pairs: Iterable[tuple[str, str]]) -> Table:
    """Names and values in two columns."""
    drawn = Table.grid(padding=(0, 2, 0, 0))
    drawn.add_column(style="dim", no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, value in pairs:
        drawn.add_row(name, Text(harmless(value)))
    return drawn


def indented(part: RenderableType, by: int = 2) -> RenderableType:
    """Move a part to the right."""
    from rich.padding import Padding

    return Padding(part, (0, 0, 0, by))


def next_steps(*steps: tuple[str, str]) -> RenderableType:
    """What to do now: a command and what it is for."""
    drawn = Table.grid(padding=(0, 2, 0, 0))
    drawn.add_column(style="cyan", no_wrap=True, overflow="fold")
    drawn.add_column(style="dim", overflow="fold")
    for command, purpose in steps:
        drawn.add_row(Text(command), purpose)
    return Group(Text("\nNext", style="bold"), indented(drawn))


LEVEL_STYLES = {"ok": "green", "warn": "yellow", "block": "bold red", "fail": "bold red", "unknown": "magenta"}


def level(word: str) -> Text:
    """A check's level in its colour."""
    return Text(word, style=LEVEL_STYLES.get(word, ""))


def yes_no(is_good: bool, good: str, bad: str) -> Text:
    """One of two words in its colour."""
    return Text(good, style="green") if is_good else Text(bad, style="bold red")
