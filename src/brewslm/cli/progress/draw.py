"""Drawing a view: the stage rail, one bar, and the loss beside the base."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from brewslm.cli.progress.view import Curve, Row, View
from brewslm.cli.text import duration, excerpt, maybe, signed, sparkline
from brewslm.core.health.watch import WatchCheck
from brewslm.core.job import JobStatus

_TITLE_WIDTH, _WIDEST_TITLE = 13, 40
_TIME_WIDTH = 10
_LEAD = 17
"""Columns before a row's note beside its title: number, mark, time, and the gaps between."""


@dataclass(frozen=True, slots=True)
class Marks:
    """One sign for each state."""

    completed: str
    running: str
    waiting: str
    failed: str
    cancelled: str


UNICODE_MARKS = Marks("✓", "▸", "·", "✗", "■")
ASCII_MARKS = Marks("+", ">", ".", "x", "#")
_STYLES = {
    JobStatus.COMPLETED: "green",
    JobStatus.RUNNING: "bold cyan",
    JobStatus.QUEUED: "cyan",
    JobStatus.FAILED: "bold red",
    JobStatus.CANCELLED: "yellow",
    None: "dim",
}


def marks_for(console: Console) -> Marks:
    """Choose signs that the console's encoding can show."""
    return ASCII_MARKS if console.options.ascii_only else UNICODE_MARKS


def mark_of(status: JobStatus | None, marks: Marks) -> str:
    """Return the sign of a state."""
    match status:
        case JobStatus.COMPLETED:
            return marks.completed
        case JobStatus.RUNNING:
            return marks.running
        case JobStatus.FAILED:
            return marks.failed
        case JobStatus.CANCELLED:
            return marks.cancelled
        case _:
            return marks.waiting


def draw(view: View, console: Console) -> RenderableType:
    """Draw the whole view."""
    return Group(*_parts(view, console))


def _parts(view: View, console: Console) -> Iterable[RenderableType]:
    yield rail(view.rows, console)
    running = next((row for row in view.rows if row.status is JobStatus.RUNNING), None)
    if view.curve is not None:
        yield from _training(view.curve, console)
    elif running is not None and running.fraction > 0.0:
        yield _bar(running.fraction, console, "")
    if view.curve is not None and view.checks:
        yield _watch(view.checks)
    for warning in view.warnings[-2:]:
        yield Text(f"   ! {excerpt(warning, console.width - 6)}", style="yellow")


def rail(rows: Iterable[Row], console: Console) -> Table:
    """Draw one line for each stage: number, state, name, time, and what is to say about it."""
    marks, rows = marks_for(console), list(rows)
    width = min(max([_TITLE_WIDTH, *(len(row.title) for row in rows)]), _WIDEST_TITLE, max(console.width // 2, 1))
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", width=2)
    table.add_column(width=1)
    table.add_column(width=width, no_wrap=True)
    table.add_column(justify="right", width=_TIME_WIDTH, no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for row in rows:
        style = _STYLES[row.status]
        note = row.note or ("optional" if row.status is None and row.is_optional else "")
        table.add_row(
            Text(f"{row.number:02}" if row.number else "", style="dim"),
            Text(mark_of(row.status, marks), style=style),
            Text(row.title, style="dim" if row.status is None else "bold" if row.status is JobStatus.RUNNING else ""),
            Text(duration(row.seconds) if row.seconds is not None else "", style="dim"),
            Text(excerpt(note, max(console.width - _LEAD - width - 1, 10)), style=_note_style(row.status)),
        )
    return table


def _note_style(status: JobStatus | None) -> str:
    return "red" if status is JobStatus.FAILED else "" if status is JobStatus.RUNNING else "dim"


def _training(curve: Curve, console: Console) -> Iterable[RenderableType]:
    left = f"about {duration(curve.seconds_left)} left" if curve.seconds_left is not None else ""
    yield _bar(curve.step / max(curve.total_steps, 1), console, left)
    line = Text("     ")
    line.append("loss ", style="dim").append(maybe(curve.loss) if curve.loss is not None else "not a number")
    if curve.base_loss is not None:
        line.append("   base ", style="dim").append(f"{curve.base_loss:.4f}")
    if curve.delta is not None:
        line.append("   tuned - base ", style="dim")
        line.append(signed(curve.delta), style="green" if curve.delta < 0 else "red")
        room = console.width - line.cell_len - 4
        line.append("  " + sparkline(curve.deltas, min(room, 24), is_ascii=console.options.ascii_only), style="cyan")
    yield line


def _watch(checks: Sequence[WatchCheck]) -> RenderableType:
    """The newest lines of the active watch: those that are not fine, or that all are."""
    step = checks[-1].step
    last = [check for check in checks if check.step == step]
    bad = [f"{check.check} {check.level}: {check.seen}" for check in last if check.level in {"warning", "critical"}]
    num_unknown = sum(check.level == "unknown" for check in last)
    fine = f"{len(last) - num_unknown} checks ok" + (f", {num_unknown} not measured" if num_unknown else "")
    line = Text("     ").append(f"watch, step {step:,}: ", style="dim")
    return line.append("; ".join(bad) or fine, style="yellow" if bad else "")


def _bar(fraction: float, console: Console, more: str) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    width = max(min(console.width - 36, 60), 10)
    table.add_row(
        Text("    "),
        ProgressBar(total=1.0, completed=fraction, width=width, complete_style="cyan", finished_style="green"),
        Text(f"{fraction:4.0%}"),
        Text(more, style="dim"),
    )
    return table
