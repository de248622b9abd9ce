"""Pages about projects, jobs, events and artifacts."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, get_args

from rich.console import RenderableType
from rich.text import Text

from brewslm.cli.render.parts import facts, heading, indented, table
from brewslm.cli.text import duration, excerpt, harmless, size, when, when_short
from brewslm.core.artifacts.base import ArtifactRecord
from brewslm.core.events.base import RunEvent
from brewslm.core.job import Job
from brewslm.core.project import Project
from brewslm.core.stage_name import StageName

if TYPE_CHECKING:
    from brewslm.services.data.browsing import TablePage, TableSummary
    from brewslm.services.projects import StageState

STATUS_STYLES = {
    "completed": "green",
    "running": "bold cyan",
    "queued": "cyan",
    "failed": "bold red",
    "cancelled": "yellow",
}
SEVERITY_STYLES = {"info": "", "warning": "yellow", "error": "red", "critical": "bold red"}


def project_table(projects: Iterable[Project]) -> RenderableType:
    """One line for each project."""
    rows = [(str(one.id), one.name, one.template, one.base_model, when(one.created_at)) for one in projects]
    return table(("id", "name", "template", "base model", "created"), rows, right=(0,))


def stage_table(states: "Iterable[StageState]") -> RenderableType:
    """The eleven stages of a project."""
    rows = [
        (
            f"{one.number:02}",
            one.title,
            status_word(one.status) if one.status else Text("optional" if one.is_optional else "", style="dim"),
            str(one.job_id or ""),
            str(one.artifact_id or ""),
        )
        for one in states
    ]
    return table(("#", "stage", "state", "job", "made"), rows, right=(3,))


def job_table(jobs: Iterable[Job]) -> RenderableType:
    """One line for each job."""
    rows = [
        (
            str(one.id),
            str(one.project_id),
            one.kind,
            status_word(one.status),
            when_short(one.created_at),
            _took(one),
            excerpt(_gist(one), 60),
        )
        for one in jobs
    ]
    headers = ("id", "project", "kind", "status", "created", "took", "")
    return table(headers, rows, right=(0, 1, 5), whole=(0, 2, 3, 4, 5))


def step_table(jobs: Iterable[Job]) -> RenderableType:
    """One line for each step of a flow, with what it made."""
    rows = [
        (str(one.id), one.kind, status_word(one.status), _took(one), str(one.artifact_id or _gist(one))) for one in jobs
    ]
    return table(("id", "stage", "status", "took", "made"), rows, right=(0, 3), whole=(0, 1, 2, 3))


def job_page(job: Job, children: Sequence[Job], events: Sequence[RunEvent]) -> Iterable[RenderableType]:
    """One job with its steps and its events."""
    phase = "" if job.phase == job.status else f" ({job.phase})"
    pairs = [
        ("job", f"{job.id} ({job.kind}) of project {job.project_id}"),
        ("status", f"{job.status}{phase}, attempt {job.attempt}"),
        *([("waits", job.waiting_reason)] if job.waiting_reason else []),
        *([("asks", job.question.sentence)] if job.is_asking and job.question else []),
        *([("priority", str(job.priority))] if job.priority else []),
        *([("does again", f"job {job.retry_of}")] if job.retry_of else []),
        ("created", when(job.created_at)),
        ("took", _took(job)),
        ("made", str(job.artifact_id or "nothing")),
    ]
    if job.error:
        pairs.append(("error", f"{job.error} [{job.reason}]"))
    yield facts(pairs)
    if children:
        yield heading("\nSteps")
        yield indented(step_table(children))
    if events:
        yield heading("\nEvents")
        yield indented(event_table(events))


def event_table(events: Iterable[RunEvent]) -> RenderableType:
    """One row for each event."""
    rows = [
        (
            str(one.seq),
            when_short(one.occurred_at),
            Text(one.reason, style=SEVERITY_STYLES[one.severity]),
            excerpt(one.summary, 200),
        )
        for one in events
    ]
    return table(("seq", "time", "reason", "what happened"), rows, right=(0,), whole=(0, 1, 2))


def event_line(event: RunEvent) -> Text:
    """One event as one line that can be followed."""
    return Text.assemble(
        (f"{event.seq:>5} ", "dim"),
        (f"{when(event.occurred_at)} ", "dim"),
        (f"{event.reason:<24} ", SEVERITY_STYLES[event.severity]),
        harmless(event.summary),
    )


def artifact_table(records: Sequence[ArtifactRecord]) -> RenderableType:
    """One line for each artifact; the project is left out where it is the same for all."""
    rows = [
        (one.id, str(one.job_id), when_short(one.created_at), "\n".join(one.parents), str(one.project_id))
        for one in records
    ]
    is_mixed = len({one.project_id for one in records}) > 1
    width = 5 if is_mixed else 4
    headers = ("artifact", "job", "made at", "made from", "project")[:width]
    return table(headers, [row[:width] for row in rows], right=(1, 4), whole=(0, 1, 2, 3))


def status_word(status: str) -> Text:
    """A job's status in its colour."""
    return Text(status, style=STATUS_STYLES.get(status, ""))


def _gist(job: Job) -> str:
    if job.status.is_final:
        return job.error or ""
    if job.waiting_reason:
        return job.waiting_reason
    return job.message if job.kind in get_args(StageName) and job.message else job.phase


def _took(job: Job) -> str:
    if job.started_at is None or job.finished_at is None:
        return ""
    return duration((job.finished_at - job.started_at).total_seconds())


def list_of_tables(tables: "Iterable[TableSummary]") -> RenderableType:
    """One line for each table of an artifact."""
    lines = [(one.name, f"{one.num_rows:,}", size(one.size_bytes)) for one in tables]
    return table(("table", "rows", "size"), lines, right=(1, 2))


def rows_page(page: "TablePage", *, is_filtered: bool = False) -> Iterable[RenderableType]:
    """Rows of a table, each as a block: name and value, what is empty left out."""
    if not page.rows and is_filtered:
        yield f"No row of {page.name!r} fits (number {page.start:,} and on); it has {page.num_rows:,} rows."
        return
    if not page.rows:
        yield f"{page.name!r} has {page.num_rows:,} rows; there is none from {page.start:,} on."
        return
    for number, row in enumerate(page.rows, start=page.start):
        yield heading(f"{page.name} {number:,}{' of those that fit' if is_filtered else ''}")
        yield row_facts(row)
    last = page.start + len(page.rows)
    cut = f"; {page.num_cut_cells:,} long texts are cut, the file holds them whole" if page.num_cut_cells else ""
    if is_filtered:
        yield f"{len(page.rows):,} that fit are shown; the table has {page.num_rows:,} rows{cut}"
    else:
        yield f"rows {page.start:,} to {last - 1:,} of {page.num_rows:,}{cut}"


def row_facts(row: dict[str, Any]) -> RenderableType:
    """A row as names and values; what is empty is left out."""
    return facts([(name, _cell(value)) for name, value in row.items() if value not in (None, [], "")])


def _cell(value: Any) -> str:  # noqa: ANN401 - any JSON value is meant
    return harmless(value if isinstance(value, str) else json.dumps(_without_empty(value), ensure_ascii=False))


def _without_empty(value: Any) -> Any:  # noqa: ANN401 - any JSON value is meant
    if isinstance(value, dict):
        return {name: _without_empty(item) for name, item in value.items() if item not in (None, [])}
    return [_without_empty(item) for item in value] if isinstance(value, list) else value
