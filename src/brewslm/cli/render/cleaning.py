"""The page of a cleaning: what was changed and removed, by which rule, with examples of each."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from brewslm.cli.render.parts import heading, indented, table
from brewslm.cli.text import excerpt
from brewslm.core.artifacts.cleaning import CleaningReport, ClusterSample

_EXCERPT = 72
_SHOWN_CLUSTERS = 3


def cleaning_page(report: CleaningReport, *, is_preview: bool) -> Iterable[RenderableType]:
    """What a cleaning did, or would do."""
    yield _accounting(report, is_preview=is_preview)
    if not report.is_whole:
        yield Text(f"Only the first {report.num_before:,} examples were looked at.", style="yellow")
    rows = [("removed", rule, f"{count:,}") for rule, count in _by_count(report.removed)]
    rows += [("changed", rule, f"{count:,}") for rule, count in _by_count(report.changed)]
    if rows:
        yield indented(table(("", "rule", "examples"), rows, right=(2,), whole=(0, 1)))
    yield from _personal_data(report)
    for rule in dict.fromkeys(sample.rule for sample in report.samples):
        yield heading(f"\n{rule}")
        shown = [
            (str(sample.source_row), excerpt(sample.before, _EXCERPT), excerpt(sample.after, _EXCERPT))
            for sample in report.samples
            if sample.rule == rule
        ]
        is_removal = rule in report.removed
        headers = ("row", "what went", "") if is_removal else ("row", "before", "after")
        yield indented(table(headers, shown, right=(0,)))
    if report.clusters:
        yield heading("\nLargest groups of near duplicates")
        yield indented(table(("likeness", "row", "text"), _clusters(report.clusters), right=(0, 1)))
    if not is_preview:
        yield Text("")


def _accounting(report: CleaningReport, *, is_preview: bool) -> Text:
    num_removed = sum(report.removed.values())
    line = Text.assemble(
        ("Preview: " if is_preview else ""),
        (f"{report.num_before:,}", "bold"),
        " examples",
        *([f" + {report.num_chunks - report.num_chunked:,} by cutting"] if report.num_chunked else []),
        " - ",
        (f"{num_removed:,} removed", "yellow" if num_removed else ""),
        " = ",
        (f"{report.num_after:,} left", "green"),
    )
    if report.num_chunked:
        line.append(f"; {report.num_chunked:,} documents became {report.num_chunks:,} chunks")
    return line


def _personal_data(report: CleaningReport) -> Iterable[RenderableType]:
    if report.plan.pii.policy == "off":
        return
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in _by_count(report.pii)) or "nothing"
    share = f" in {report.num_with_pii:,} of {report.num_before:,} examples" if report.num_with_pii else ""
    yield Text(f"Personal data and secrets: {kinds}{share} ({report.plan.pii.policy}).")
    if report.num_labels_with_pii:
        message = f"{report.num_labels_with_pii:,} labels hold some too; labels are never rewritten."
        yield Text(message, style="yellow")


def _clusters(clusters: tuple[ClusterSample, ...]) -> Iterable[tuple[str, str, str]]:
    for cluster in clusters[:_SHOWN_CLUSTERS]:
        yield "stays", str(cluster.kept_row), excerpt(cluster.kept, _EXCERPT)
        for alike, row, text in zip(cluster.likeness, cluster.removed_rows, cluster.removed, strict=True):
            yield f"{alike:.2f}", str(row), excerpt(text, _EXCERPT)


def _by_count(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
