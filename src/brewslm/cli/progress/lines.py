"""The same view as plain lines, for pipes and logs: a line where something changed, and seldom in between."""

from rich.console import Console

from brewslm.cli.progress.view import Row, View
from brewslm.cli.text import duration, one_line, signed
from brewslm.core.job import JobStatus

SAY_EVERY_SECONDS = 10.0


class Lines:
    """Remembers what was said."""

    def __init__(self, console: Console) -> None:
        """Write to this console, never with control characters."""
        self._console = console
        self._states: dict[str, JobStatus | None] = {}
        self._said_at: dict[str, float] = {}
        self._said: dict[str, str] = {}
        self._warnings: set[str] = set()
        self._num_checks = 0

    def show(self, view: View, *, now: float) -> None:
        """Write what has changed since the last call; `now` in seconds of any steady clock."""
        for row in view.rows:
            if row.status in {None, JobStatus.QUEUED}:
                continue
            if self._states.get(row.key) != row.status:
                self._states[row.key] = row.status
                self._said_at[row.key] = now
                self._write(_changed(row))
            elif row.status is JobStatus.RUNNING and now - self._said_at[row.key] >= SAY_EVERY_SECONDS:
                self._said_at[row.key] = now
                self._tell(row, _progress(row, view))
        for check in view.checks[self._num_checks :]:
            self._write(f"   watch, step {check.step}: {check.check} {check.level}, {check.seen}")
        self._num_checks = max(self._num_checks, len(view.checks))
        for warning in view.warnings:
            if warning not in self._warnings:
                self._warnings.add(warning)
                self._write(f"   warning: {warning}")

    def _tell(self, row: Row, text: str) -> None:
        if self._said.get(row.key) != text:
            self._said[row.key] = text
            self._write(text)

    def _write(self, text: str) -> None:
        self._console.file.write(one_line(text) + "\n")
        self._console.file.flush()


def _name(row: Row) -> str:
    return f"{row.number:02} {row.title}" if row.number else row.title


def _changed(row: Row) -> str:
    if row.status is JobStatus.RUNNING:
        return f"{_name(row)}: started"
    took = f" in {duration(row.seconds)}" if row.seconds is not None else ""
    if row.status is not JobStatus.COMPLETED:
        return f"{_name(row)}: {row.status}{took}"  # why is said by the error line that follows
    return f"{_name(row)}: {row.status}{took}. {row.note}"


def _progress(row: Row, view: View) -> str:
    text = f"{_name(row)}: {row.fraction:.0%} {row.note}"
    curve = view.curve
    if curve is None or not row.key.startswith("train-"):
        return text
    if curve.base_loss is not None:
        text += f", base {curve.base_loss:.4f}"
    if curve.delta is not None:
        text += f", tuned - base {signed(curve.delta)}"
    if curve.seconds_left is not None:
        text += f", about {duration(curve.seconds_left)} left"
    return text
