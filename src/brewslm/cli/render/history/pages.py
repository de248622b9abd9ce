"""Pages about what has happened: the timeline, failures by cause, and what a bundle for support holds."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from brewslm.cli.render.parts import facts, heading, indented, table, yes_no
from brewslm.cli.render.records import SEVERITY_STYLES, status_word
from brewslm.cli.text import duration, excerpt, size, when_short

if TYPE_CHECKING:
    from brewslm.services.audit.clusters import ClusterPage, FailureCluster
    from brewslm.services.audit.replay import ReplayReport
    from brewslm.services.audit.timeline import Recovery, RunNode
    from brewslm.services.support.bundles import BundleReport

_Row = tuple[str | Text, ...]
_STATES = {
    "open": "open",
    "resolved": "resolved: the stage has succeeded since",
    "reopened": "reopened: it had succeeded, and failed so again",
}


def timeline_table(nodes: "Iterable[RunNode]") -> RenderableType:
    """One line for each run, its recoveries and steps below it, further to the right."""
    rows = [row for node in nodes for row in _rows_of(node, 0)]
    headers = ("run", "status", "began", "took", "events", "gravest", "")
    return table(headers, rows, right=(3, 4), whole=(0, 1, 2, 3, 4, 5))


def _rows_of(node: "RunNode", depth: int) -> Iterator[_Row]:
    severity = node.severity or ""
    yield (
        "  " * depth + node.run_id,
        status_word(node.status or ""),
        when_short(node.started_at) if node.started_at else "",
        duration(node.duration_seconds) if node.duration_seconds is not None and node.job_id is not None else "",
        f"{sum(node.num_events.values()):,}",
        Text("" if severity == "info" else severity, style=SEVERITY_STYLES.get(severity, "")),
        excerpt(node.error or "", 80),
    )
    for recovery in node.recoveries:
        yield _row_of_recovery(recovery, depth + 1)
    for step in node.steps:
        yield from _rows_of(step, depth + 1)


def _row_of_recovery(recovery: "Recovery", depth: int) -> _Row:
    is_over = recovery.ended_at is not None
    seconds = (recovery.ended_at - recovery.started_at).total_seconds() if recovery.ended_at else None
    what = f"{recovery.cause} → {recovery.action}" if recovery.action else recovery.cause
    return (
        "  " * depth + "recovery",
        Text("went on" if is_over else "open", style="" if is_over else "yellow"),
        when_short(recovery.started_at),
        duration(seconds) if seconds is not None else "",
        "",
        "",
        excerpt(what, 80),
    )


def cluster_blocks(page: "ClusterPage") -> Iterator[RenderableType]:
    """A block for each cause: how often, when, an example, and what to do."""
    if not page.clusters:
        yield "Nothing has failed."
        return
    for cluster in page.clusters:
        yield heading(f"{cluster.reason}, {_times(cluster)}")
        yield indented(facts(_facts_of(cluster)))
    shown = len(page.clusters)
    more = f", {shown:,} of them shown" if shown < page.num_clusters else ""
    causes = "cause" if page.num_clusters == 1 else "causes"
    yield f"\n{page.num_failures:,} failures of {page.num_clusters:,} {causes}{more}"


def _times(cluster: "FailureCluster") -> str:
    times = "once" if cluster.num_failures == 1 else f"{cluster.num_failures:,} times"
    return times if cluster.num_runs == 1 else f"{times} in {cluster.num_runs:,} runs"


def _facts_of(cluster: "FailureCluster") -> list[tuple[str, str]]:
    last = cluster.examples[-1]
    where = f"project {cluster.project_id}" if cluster.project_id is not None else "the workspace"
    return [
        ("in", where),
        ("state", _STATES[cluster.state]),
        ("first", when_short(cluster.first_seen_at)),
        *([("last", when_short(cluster.last_seen_at))] if cluster.num_failures > 1 else []),
        ("example", f"{excerpt(last.message, 300)} [{last.run_id}]"),
        *([("in common", cluster.signature)] if cluster.num_failures > 1 else []),
        ("meaning", cluster.meaning),
        ("next step", cluster.next_step),
    ]


def bundle_lines(path: Path, report: "BundleReport") -> Iterator[RenderableType]:
    """Where it is, what it holds, what was taken out."""
    yield f"{path}: {len(report.files)} files, {size(report.size_bytes)}"
    yield facts([("sha-256", report.sha256)])
    if report.redacted:
        yield heading("\nTaken out")
        rows = [(kind, f"{number:,}") for kind, number in report.redacted.items()]
        yield indented(table(("what", "times"), rows, right=(1,)))
    yield "\nUnpack it and open index.html. Look through it before you pass it on: names of people are not recognised."


def replay_table(report: "ReplayReport") -> Iterator[RenderableType]:
    """One line for each artifact, and what is otherwise at the first that is."""
    rows = [(step.stage, step.artifact_id, yes_no(not step.problem, "the same", "otherwise")) for step in report.steps]
    yield table(("stage", "artifact", "came out"), rows, whole=(0, 1, 2))
    last = report.steps[-1]
    if last.problem:
        yield f"\n{last.stage} is the first stage at which it shows. {last.artifact_id}: {last.problem}"
    else:
        yield f"\nAll {len(report.steps)} hashes from the raw snapshot on came out as they were recorded."
