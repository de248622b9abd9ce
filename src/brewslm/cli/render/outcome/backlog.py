"""Pages about the backlog."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from brewslm.cli.render.parts import facts, heading, indented, table
from brewslm.cli.text import excerpt, when_short
from brewslm.core.backlog.entry import BacklogEntry, BacklogState

_STYLES = {BacklogState.OPEN: "bold yellow", BacklogState.TAKEN: "cyan", BacklogState.CLOSED: "green"}
_LENGTH = 90


def backlog_page(entries: Sequence[BacklogEntry]) -> Iterable[RenderableType]:
    """One line for each entry: how it stands, what it is, what it is worth, how the newest run compares."""
    rows = [
        (
            f"{entry.number}",
            Text(entry.state, style=_STYLES[entry.state]),
            "blocks" if entry.finding.is_blocking else _share(entry),
            excerpt(entry.finding.title, _LENGTH),
            excerpt(entry.note if entry.state is BacklogState.CLOSED else entry.progress, _LENGTH),
        )
        for entry in entries
    ]
    yield table(("", "state", "worth", "what", "since it was opened"), rows, right=(0, 2), whole=(0, 1, 2))


def entry_page(entry: BacklogEntry) -> Iterable[RenderableType]:
    """All that is known of an entry."""
    finding = entry.finding
    yield heading(f"{entry.number}  {finding.title}")
    yield indented(facts(_facts(entry)))
    yield heading("\nEvidence")
    yield indented(facts([(f"{one.kind} {one.id}", one.said) for one in finding.evidence]))
    if entry.state is not BacklogState.CLOSED:
        yield heading("\nWhat to do")
        yield indented(Text(finding.action, style="cyan"))


def _facts(entry: BacklogEntry) -> Iterator[tuple[str, str]]:
    finding = entry.finding
    yield "state", f"{entry.state}, by {entry.actor}, {when_short(entry.changed_at)}"
    if entry.note:
        yield "why", entry.note
    yield "seen", finding.seen
    yield "effect", f"{finding.effect} ({'measured' if finding.is_measured else 'an estimate'})"
    if entry.progress:
        yield "newest run", entry.progress
    returns = f", came back {entry.num_returns} times" if entry.num_returns > 1 else ", came back" * entry.num_returns
    yield "since", f"{when_short(entry.opened_at)}, in {entry.opened_in}{returns}"


def _share(entry: BacklogEntry) -> str:
    share = entry.finding.share
    return "unknown" if share is None else f"{share:.1%} of rows"
